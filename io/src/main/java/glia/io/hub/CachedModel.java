package glia.io.hub;

import java.nio.file.Path;
import java.util.List;

/// A model, whole or in part, in one of the caches.
///
/// @param name what [ModelCache#remove] takes: `owner/name`, or the name of a folder in Glia's cache
/// @param place which cache
/// @param folder where it lies
/// @param sizeBytes on the disk; a file that several snapshots share counts once
public record CachedModel(String name, Place place, Path folder, List<CachedFile> files, long sizeBytes) {
    /// Which cache it is.
    public enum Place {
        /// The hub's, shared with other tools.
        HUB,
        /// Glia's own: taken out of archives and packages, and what is shipped with Glia.
        GLIA
    }

    /// A file of it.
    ///
    /// @param name relative to the model's snapshot or folder; ends in `.incomplete` where a download is not done
    /// @param byGlia whether Glia put it there; only such files are ever removed
    public record CachedFile(String name, long sizeBytes, boolean byGlia) { }

    /// Whether Glia put any of its files there.
    public boolean isRemovable() {
        return files.stream().anyMatch(CachedFile::byGlia);
    }
}
