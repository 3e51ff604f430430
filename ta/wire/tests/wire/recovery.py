#!/usr/bin/env python3
"""Prints the known answers of recovery.rs: GF(16) by tables of logarithms instead of shifts."""

EXP = [1]
for _ in range(14):
    value = EXP[-1] << 1
    EXP.append(value ^ 0b10011 if value & 16 else value)
LOG = {value: power for power, value in enumerate(EXP)}


def times(a, b):
    return EXP[(LOG[a] + LOG[b]) % 15] if a and b else 0


def text(key):
    digits = [int(digit, 16) for digit in key.hex()]
    groups = []
    for number in range(8):
        group = digits[7 * number : 7 * number + 7]
        check = number + 1
        for power, digit in enumerate(group, 1):
            check ^= times(EXP[power], digit)
        groups.append("".join(f"{digit:x}" for digit in group + [check]))
    return "-".join(groups)


print("ONES", text(bytes([255] * 28)))
print("SAMPLE", text(bytes((index * 73 + 19) % 256 for index in range(28))))
