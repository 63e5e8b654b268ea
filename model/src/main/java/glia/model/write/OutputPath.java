package glia.model.write;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Where a model is written: never over the model's own files, and over others only if that is allowed.
final class OutputPath {
    private static final String SPLIT = "-\\d{5}-of-\\d{5}(?=\\.gguf$)";

    private OutputPath() { }

    /// Checks that writing a file or folder does not replace what the model is read from.
    ///
    /// @throws CheckpointException if the target is the model's file, one of several such, its folder, or a folder
    ///     around it
    static void requireOther(Optional<Path> model, Path target) throws CheckpointException {
        if (model.isEmpty()) {
            return;
        }
        try {
            Path from = real(model.get());
            Path to = real(target);
            boolean isPart = from.resolveSibling(from.getFileName().toString().replaceFirst(SPLIT, ""))
                    .equals(to.resolveSibling(to.getFileName().toString().replaceFirst(SPLIT, "")));
            if (from.startsWith(to) || isPart || Files.isRegularFile(to) && Files.isDirectory(from)
                    && to.getParent().equals(from)) {
                throw new CheckpointException(target, "", "holds the model that is read; give another output");
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(target, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    /// Without links, as far as there is something.
    private static Path real(Path path) throws IOException {
        Path absolute = path.toAbsolutePath().normalize();
        return Files.exists(absolute) ? absolute.toRealPath()
                : absolute.getParent() == null || !Files.exists(absolute.getParent()) ? absolute
                : absolute.getParent().toRealPath().resolve(absolute.getFileName());
    }

    /// Checks that a folder can take a model: it is new or empty, or holds a model that may be replaced.
    static void requireFree(Path folder, IfExists ifExists) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder, "", "is a file, expected the name of a new folder");
        }
        if (Folders.isEmpty(folder)) {
            return;
        }
        if (ifExists == IfExists.FAIL) {
            throw new CheckpointException(folder, "", "holds something already; give a new or an empty folder");
        }
        if (!Files.isRegularFile(folder.resolve("config.json"))) {
            throw new CheckpointException(folder, "", "holds no config.json: only the folder of a model is replaced");
        }
    }
}
