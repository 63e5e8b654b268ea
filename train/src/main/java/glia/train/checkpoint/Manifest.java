package glia.train.checkpoint;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import glia.io.file.Folders;
import glia.io.hub.ContentHash;
import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonTree;
import glia.train.checkpoint.CheckpointStore.Saved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// `training/manifest.json`: step, loss, and the size and SHA-256 of every file of a checkpoint.
final class Manifest {
    private static final String NAME = "training/manifest.json";

    private Manifest() { }

    static void write(Path folder, CheckpointStore.Progress progress) throws IOException {
        Map<String, Object> files = new LinkedHashMap<>();
        for (Path file : Folders.files(folder)) {
            files.put(name(folder, file),
                    Map.of("bytes", Files.size(file), "sha256", ContentHash.sha256(file)));
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("step", progress.step());
        all.put("tokens", progress.tokens());
        progress.loss().ifPresent(value -> all.put("loss", value));
        progress.bestLoss().ifPresent(value -> all.put("best_loss", value));
        all.put("best_step", progress.bestStep());
        all.put("files", files);
        Files.writeString(folder.resolve(NAME), JsonTree.of(all) + "\n");
    }

    /// What a manifest says, without a look at the files; nothing where there is none that can be read.
    static Optional<Saved> read(Path folder) {
        try {
            return Optional.of(saved(folder, json(folder)));
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    /// The checkpoint in a folder, if all of its files are as they were written.
    static Saved verify(Path folder) throws CheckpointException {
        JsonNode json = json(folder);
        JsonNode files = json.path("files");
        for (Map.Entry<String, JsonNode> e : files.properties()) {
            Path file = folder.resolve(e.getKey()).normalize();
            if (!file.startsWith(folder)) {
                throw new CheckpointException(folder.resolve(NAME), e.getKey(), "names a file outside of the folder");
            }
            try {
                long bytes = Files.size(file);
                if (bytes != e.getValue().path("bytes").asLong(-1)) {
                    throw new CheckpointException(file, "", "has " + bytes + " bytes, expected "
                            + e.getValue().path("bytes") + "; the checkpoint is damaged");
                }
                if (!ContentHash.sha256(file).equals(e.getValue().path("sha256").asString(""))) {
                    throw new CheckpointException(file, "", "has another SHA-256 than when it was written; the "
                            + "checkpoint is damaged");
                }
            } catch (CheckpointException damaged) {
                throw damaged;
            } catch (IOException missing) {
                throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(missing), missing);
            }
        }
        requireAll(folder, files);
        return saved(folder, json);
    }

    /// Requires that a manifest names all files of its folder.
    private static void requireAll(Path folder, JsonNode files) throws CheckpointException {
        try {
            for (Path file : Folders.files(folder)) {
                String name = name(folder, file);
                if (!name.equals(NAME) && !files.has(name)) {
                    throw new CheckpointException(folder.resolve(NAME), "", "does not name " + name
                            + "; the checkpoint is damaged");
                }
            }
        } catch (CheckpointException damaged) {
            throw damaged;
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private static String name(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static Saved saved(Path folder, JsonNode json) throws CheckpointException {
        if (!json.path("step").isIntegralNumber() || !json.path("files").isObject()) {
            throw new CheckpointException(folder.resolve(NAME), "", "has no step or no files");
        }
        long step = json.get("step").asLong();
        if (!CheckpointStore.name(step).equals(folder.getFileName().toString())) {
            throw new CheckpointException(folder.resolve(NAME), "", "has step " + step + ", which is not that of its "
                    + "folder");
        }
        return new Saved(folder, new CheckpointStore.Progress(step, json.path("tokens").asLong(0),
                number(json.path("loss")), number(json.path("best_loss")), json.path("best_step").asLong(0)));
    }

    private static OptionalDouble number(JsonNode node) {
        return node.isNumber() ? OptionalDouble.of(node.asDouble()) : OptionalDouble.empty();
    }

    private static JsonNode json(Path folder) throws CheckpointException {
        Path file = folder.resolve(NAME);
        try {
            return JsonTree.parse(Files.readString(file));
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: " + JsonErrors.reason(e), e);
        }
    }
}
