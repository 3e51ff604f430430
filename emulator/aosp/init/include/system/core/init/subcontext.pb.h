// SPDX-License-Identifier: Apache-2.0

// In place of what protobuf makes of subcontext.proto: messages between init and the process that runs vendors' commands.
// The verifier runs none; here no message can be written or read.
#pragma once

#include <iterator>
#include <string>
#include <vector>

struct SubcontextMessage {
    bool ParseFromString(const std::string&) { return false; }
    bool SerializeToString(std::string*) const { return false; }
};

struct SubcontextArguments {
    std::vector<std::string> list;
    const std::vector<std::string>& args() const { return list; }
    std::vector<std::string>* mutable_args() { return &list; }
    const std::vector<std::string>& expanded_args() const { return list; }
    void add_expanded_args(const std::string& value) { list.push_back(value); }
};

struct SubcontextCommand : SubcontextMessage {
    using ExecuteCommand = SubcontextArguments;
    using ExpandArgsCommand = SubcontextArguments;
    enum Case { kExecuteCommand, kExpandArgsCommand };
    SubcontextArguments arguments;
    Case command_case() const { return kExecuteCommand; }
    const ExecuteCommand& execute_command() const { return arguments; }
    ExecuteCommand* mutable_execute_command() { return &arguments; }
    const ExpandArgsCommand& expand_args_command() const { return arguments; }
    ExpandArgsCommand* mutable_expand_args_command() { return &arguments; }
};

struct SubcontextReply : SubcontextMessage {
    struct Failure {
        std::string text;
        int number = 0;
        const std::string& error_string() const { return text; }
        int error_errno() const { return number; }
        void set_error_string(const std::string& value) { text = value; }
        void set_error_errno(int value) { number = value; }
    };
    enum Case { kSuccess, kFailure, kExpandArgsReply };
    Failure fault;
    SubcontextArguments arguments;
    std::string shutdown;
    Case reply_case() const { return kFailure; }
    void set_success(bool) {}
    const Failure& failure() const { return fault; }
    Failure* mutable_failure() { return &fault; }
    const SubcontextArguments& expand_args_reply() const { return arguments; }
    SubcontextArguments* mutable_expand_args_reply() { return &arguments; }
    bool has_trigger_shutdown() const { return false; }
    const std::string& trigger_shutdown() const { return shutdown; }
    void set_trigger_shutdown(const std::string& value) { shutdown = value; }
};

inline auto RepeatedPtrFieldBackInserter(std::vector<std::string>* list) { return std::back_inserter(*list); }
