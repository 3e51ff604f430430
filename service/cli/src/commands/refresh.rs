// SPDX-License-Identifier: Apache-2.0

//! Archives that are written anew in place, and archives that the catalogue gets back.

use std::fs;
use std::path::{Path, PathBuf};

use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveInfo::ArchiveInfo, IPasskeyBackup::MAX_ARCHIVES_PER_CALL,
    OperationResult::OperationResult,
};
use sealer_wire::ErrorCode;

use super::{Service, shown};
use crate::Context;
use crate::args::Place;
use crate::failure::{Failure, Result};
use crate::files::{Input, Target};
use crate::operation;
use crate::output::json::{BackedUp, Rebuilt, RefusedFile, Report};

/// `archive refresh`
pub fn refresh(context: &Context, archive: &Path) -> Result<Report> {
    let connection = context.connect()?;
    let refreshed = in_place(context, connection.service(), archive)?;
    Ok(Report::BackedUp(BackedUp {
        archive: refreshed.into(),
        warnings: Vec::new(),
        next: context.line(&format!("restore begin --in {}", shown(archive))),
    }))
}

/// Whether a file is an archive, as far as that shows without opening it.
pub fn check(service: &Service, archive: &Path) -> Result<()> {
    let input = Input::archive(&Place::File(archive.into()))?;
    service.verifyStructure(input.descriptor())?;
    Ok(())
}

/// Writes an archive anew. The old file stays until the new one is complete.
pub fn in_place(context: &Context, service: &Service, archive: &Path) -> Result<ArchiveInfo> {
    // The file itself, not a link to it, gets the new content.
    let path =
        fs::canonicalize(archive).map_err(|error| Failure::io("cannot open", archive, &error))?;
    let input = Input::archive(&Place::File(path.clone()))?;
    let output = Target::in_place(path, &input)?.create(&context.interrupt)?;
    let result = operation::run(&context.interrupt, "Refreshing", |callback| {
        service.refreshArchive(input.descriptor(), output.descriptor(), callback)
    })?;
    let OperationResult::Archive(refreshed) = result else {
        return Err(Failure::internal(
            "the service returned the result of another operation",
        ));
    };
    output.place()?;
    Ok(service.confirmArchive(&refreshed.backupId)?)
}

/// `catalogue rebuild`
pub fn rebuild(context: &Context, folder: &Path) -> Result<Report> {
    let files = regular_files(folder)?;
    let connection = context.connect()?;
    let service = connection.service();
    let mut rebuilt = Rebuilt::default();
    for batch in files.chunks(MAX_ARCHIVES_PER_CALL as usize) {
        let mut inputs = Vec::with_capacity(batch.len());
        let mut paths = Vec::with_capacity(batch.len());
        for path in batch {
            match Input::archive(&Place::File(path.clone())) {
                Ok(input) => {
                    inputs.push(input.into_descriptor());
                    paths.push(path);
                }
                Err(failure) => rebuilt.refused.push(RefusedFile {
                    path: path.display().to_string(),
                    error: Some(failure.0.name.clone()),
                    message: failure.0.text.clone(),
                }),
            }
        }
        if inputs.is_empty() {
            continue;
        }
        let result = operation::run(&context.interrupt, "Rebuilding", |callback| {
            service.rebuildCatalogue(&inputs, callback)
        })?;
        let OperationResult::Rebuild(found) = result else {
            return Err(Failure::internal(
                "the service returned the result of another operation",
            ));
        };
        rebuilt.added += found.added;
        rebuilt.known += found.known;
        for refused in found.refused {
            let path = usize::try_from(refused.index)
                .ok()
                .and_then(|index| paths.get(index));
            let code = ErrorCode::from_code(refused.error.0);
            rebuilt.refused.push(RefusedFile {
                path: path
                    .map(|path| path.display().to_string())
                    .unwrap_or_default(),
                error: code.map(|code| code.name().to_owned()),
                message: refused.message,
            });
        }
    }
    Ok(Report::Rebuilt(rebuilt))
}

/// The regular files of a folder, by name. Those whose name begins with a point are somebody's
/// unfinished work.
fn regular_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Failure::io("cannot read the folder", folder, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.file_type().map_err(failed)?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
