package glia.io.hub;

import java.nio.file.Path;
import java.util.List;

/// A complete or partially downloaded model in one of the caches.
///
/// @param name as [ModelCache#remove] expects it: `owner/name`, or the name of a folder in Glia's cache
/// @param place the cache
/// @param folder its folder
/// @param sizeBytes size on disk; a file that several snapshots share counts once
public record CachedModel(String name, Place place, Path folder, List<CachedFile> files, long sizeBytes) {
    /// The cache of a model.
    public enum Place {
        /// The hub's cache, shared with other tools.
        HUB,
        /// Glia's own cache: models extracted from archives and packages, and the bundled model.
        GLIA
    }

    /// A file of a cached model.
    ///
    /// @param name relative to the model's snapshot or folder; ends in `.incomplete` for an unfinished download
    /// @param byGlia whether Glia downloaded or extracted it; only such files are removed
    public record CachedFile(String name, long sizeBytes, boolean byGlia) { }

    /// Whether Glia downloaded or extracted any of its files.
    public boolean isRemovable() {
        return files.stream().anyMatch(CachedFile::byGlia);
    }
}
