//! Reading a captured tree: a folder, or a tar archive of one, gzipped or not. Bounded in number, depth and size.

use crate::error::Error;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// The most files of a tree, its bytes unpacked, and how deep its folders are.
const MOST_FILES: usize = 100_000;
const MOST_BYTES: u64 = 512 << 20;
const DEEPEST: usize = 64;

/// The files of a tree, named from the folder that holds `redfish`, such as `redfish/v1/index.json`.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// Reads a tree.
///
/// # Errors
/// If it cannot be read, or is larger than any real one.
pub(super) fn read(path: &Path) -> Result<Files, Error> {
    let failed = |source| Error::Replay { path: path.to_owned(), source };
    let mut files = Files::new();
    if path.is_dir() {
        folder(path, "", DEEPEST, &mut files).map_err(failed)?;
    } else {
        archive(path, &mut files).map_err(failed)?;
    }
    Ok(from_the_root(files))
}

fn archive(path: &Path, files: &mut Files) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; 2];
    file.read_exact(&mut magic)?;
    file.rewind()?;
    let bytes: Box<dyn Read> =
        if magic == [0x1f, 0x8b] { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = tar::Archive::new(bytes.take(MOST_BYTES));
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            let name = entry.path()?.to_string_lossy().into_owned();
            add(files, name, entry)?;
        }
    }
    Ok(())
}

fn folder(path: &Path, name: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("its folders are nested too deep"));
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = format!("{name}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folder(&entry.path(), &format!("{name}/"), depth - 1, files)?;
        } else if kind.is_file() {
            add(files, name, File::open(entry.path())?)?;
        }
    }
    Ok(())
}

fn add(files: &mut Files, name: String, from: impl Read) -> io::Result<()> {
    if files.len() >= MOST_FILES {
        return Err(io::Error::other("it has more than 100,000 files"));
    }
    let mut bytes = Vec::new();
    let length = from.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let so_far: usize = files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() + length;
    if u64::try_from(so_far).unwrap_or(u64::MAX) >= MOST_BYTES {
        return Err(io::Error::other("it has more than 512 MiB"));
    }
    files.push((name, bytes));
    Ok(())
}

/// Takes off what stands before the folder `redfish`.
fn from_the_root(files: Files) -> Files {
    let before = |name: &str| match name.find("/redfish/") {
        Some(at) => Some(at + 1),
        None => name.starts_with("redfish/").then_some(0),
    };
    let Some(skip) = files.iter().filter_map(|(name, _)| before(name)).min() else { return files };
    let cut = |(name, bytes): (String, Vec<u8>)| Some((name.get(skip..)?.to_owned(), bytes));
    files.into_iter().filter_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_at_the_folder_redfish() {
        let files = ["dell/README", "dell/redfish/v1/index.json", "dell/schemas/a/index.json"];
        let files = files.map(|name| (name.to_owned(), Vec::new())).to_vec();
        let names: Vec<String> = from_the_root(files).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["README", "redfish/v1/index.json", "schemas/a/index.json"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = read(Path::new("/nonexistent/tree.tar.gz")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/tree.tar.gz"), "{error}");
    }
}
