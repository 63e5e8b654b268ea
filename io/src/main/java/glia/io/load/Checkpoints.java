package glia.io.load;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.FileErrors;
import glia.io.file.MappedFile;
import glia.io.gguf.GgufCheckpoint;
import glia.io.pytorch.PickleCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// Opens a checkpoint of any format.
public final class Checkpoints {
    private Checkpoints() { }

    /// The same with the file of the encoder of pictures of a GGUF model.
    ///
    /// @param projector the `mmproj` file; if there is none, the one beside the model is used
    public static Checkpoint open(Path path, Optional<Path> projector) throws CheckpointException {
        if (projector.isEmpty()) {
            return open(path);
        }
        Checkpoint checkpoint = open(path, false);
        try {
            if (!(checkpoint instanceof GgufCheckpoint gguf)) {
                throw new CheckpointException(path, "", "is no GGUF file, so it has its encoder of pictures itself and "
                        + "not in " + projector.get());
            }
            gguf.attach(projector.get());
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    /// Opens a folder that holds `model.safetensors`, its index, a single GGUF model, or `pytorch_model.bin` or its
    /// index; or one of these files. A `mmproj` file beside a GGUF model is attached.
    ///
    /// @throws CheckpointException if it is none of these or violates its format
    public static Checkpoint open(Path path) throws CheckpointException {
        return open(path, true);
    }

    private static Checkpoint open(Path path, boolean attaches) throws CheckpointException {
        if (Files.isDirectory(path)) {
            return openFolder(path, attaches);
        }
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        if (PickleCheckpoint.isNamed(name) || name.endsWith(".bin.index.json")) {
            return PickleCheckpoint.open(path);
        }
        if (name.startsWith("consolidated") && Files.exists(path.toAbsolutePath().resolveSibling("params.json"))) {
            return ConsolidatedCheckpoint.open(path);
        }
        if (name.endsWith(".safetensors") || name.endsWith(".index.json")) {
            return SafetensorsCheckpoint.open(path);
        }
        if (!name.endsWith(".gguf") && !isGguf(path)) {
            try (MappedFile file = MappedFile.open(path)) {
                throw new CheckpointException(path, "", "found " + ContentSniffer.describe(file.head())
                        + ", expected a .safetensors, .gguf or .bin file");
            }
        }
        return openGguf(path, attaches);
    }

    private static Checkpoint openGguf(Path path, boolean attaches) throws CheckpointException {
        GgufCheckpoint gguf = GgufCheckpoint.open(path);
        try {
            if (attaches) {
                gguf.attachBeside();
            }
            return gguf;
        } catch (Throwable e) {
            gguf.close();
            throw e;
        }
    }

    private static boolean isGguf(Path path) throws CheckpointException {
        try (MappedFile file = MappedFile.open(path)) {
            return file.startsWith("GGUF");
        }
    }

    private static Checkpoint openFolder(Path folder, boolean attaches) throws CheckpointException {
        if (Files.exists(folder.resolve(SafetensorsCheckpoint.FILE_NAME))
                || Files.exists(folder.resolve(SafetensorsCheckpoint.INDEX_NAME))) {
            return SafetensorsCheckpoint.open(folder);
        }
        Optional<Path> consolidated = ConsolidatedCheckpoint.find(folder);
        if (consolidated.isPresent()) {
            return ConsolidatedCheckpoint.open(consolidated.get());
        }
        List<String> names = list(folder);
        // The first shard of a split model opens the others.
        List<String> models = names.stream().filter(name -> name.endsWith(".gguf"))
                .filter(name -> !GgufCheckpoint.isProjector(folder.resolve(name)))
                .filter(name -> !name.matches("(?s).*-(?!00001)\\d{5}-of-\\d{5}\\.gguf")).toList();
        if (models.size() == 1) {
            return openGguf(folder.resolve(models.get(0)), attaches);
        }
        if (models.size() > 1) {
            throw new CheckpointException(folder, "", "holds " + models.size() + " GGUF models, expected one; name "
                    + "the file: " + some(models));
        }
        for (String name : List.of(PickleCheckpoint.FILE_NAME, PickleCheckpoint.INDEX_NAME)) {
            if (names.contains(name)) {
                return PickleCheckpoint.open(folder.resolve(name));
            }
        }
        List<String> others = names.stream().filter(name -> name.endsWith(".safetensors")
                || PickleCheckpoint.isNamed(name)).toList();
        if (!others.isEmpty()) {
            throw new CheckpointException(folder, "", "holds no " + SafetensorsCheckpoint.FILE_NAME
                    + " and no index of several; name the file: " + some(others));
        }
        throw new CheckpointException(folder, "", "holds no checkpoint, expected " + SafetensorsCheckpoint.FILE_NAME
                + ", " + SafetensorsCheckpoint.INDEX_NAME + ", a .gguf file or " + PickleCheckpoint.FILE_NAME
                + "; found "
                + (names.isEmpty() ? "nothing" : some(names)));
    }

    private static List<String> list(Path folder) throws CheckpointException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be listed: " + FileErrors.reason(e), e);
        }
    }

    private static String some(List<String> names) {
        int most = 5;
        String first = String.join(", ", names.subList(0, Math.min(most, names.size())));
        return names.size() > most ? first + " and " + (names.size() - most) + " more" : first;
    }
}
