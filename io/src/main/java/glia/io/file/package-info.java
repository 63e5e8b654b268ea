/// Memory-mapped files, atomic writes, folders.
///
/// Begin with [MappedFile] and [AtomicFile].
package glia.io.file;
