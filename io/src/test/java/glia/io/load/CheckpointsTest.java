package glia.io.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
    @TempDir
    Path folder;

    private static void opens(Path path, int numTensors) throws Exception {
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            assertEquals(numTensors, checkpoint.names().size());
        }
    }

    private static void refused(Path path, String... says) {
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> Checkpoints.open(path).close()), says);
    }

    private Path file(String name, String content) throws Exception {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void filesAreOpenedByFormat() throws Exception {
        opens(Fixtures.path("types.safetensors"), 16);
        opens(Fixtures.path("kinds.gguf"), 28);
        opens(Files.copy(Fixtures.path("kinds.gguf"), folder.resolve("sha256-0123")), 28);
        opens(Fixtures.path("sharded/model.safetensors.index.json"), 3);
    }

    @Test
    void foldersAreOpenedByContent() throws Exception {
        opens(Fixtures.path("sharded"), 3);
        opens(Fixtures.path("split"), 5);
        Files.copy(Fixtures.path("kinds.gguf"), folder.resolve("kinds.gguf"));
        opens(folder, 28);
        Files.copy(Fixtures.path("kinds.gguf"), folder.resolve("again.gguf"));
        refused(folder, "2 GGUF models", "again.gguf, kinds.gguf");
        Files.copy(Fixtures.path("types.safetensors"), folder.resolve("model.safetensors"));
        opens(folder, 16);
    }

    @Test
    void errorsListTheFilesOfAFolderWithoutACheckpoint() throws Exception {
        refused(folder, "holds no checkpoint", "found nothing");
        file("config.json", "{}");
        refused(folder, "holds no checkpoint", "found config.json");
        file("pytorch_model.bin", "x");
        refused(folder, "pytorch_model.bin", "expected a file of torch.save");
        Files.delete(folder.resolve("pytorch_model.bin"));
        file("consolidated.safetensors", "x");
        refused(folder, "name the file", "consolidated.safetensors");
    }

    @Test
    void otherFormatsAreNamed() throws Exception {
        refused(folder.resolve("none.gguf"), "no such file");
        refused(folder.resolve("none"), "no such file");
        refused(file("page.gguf", "<!DOCTYPE html>"), "HTML page");
        refused(file("pointer.gguf", "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull");
        refused(file("pointer.safetensors", "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull");
        refused(file("model.zip", "PK\3\4"), "zip archive", "expected a .safetensors, .gguf or .bin file");
        refused(file("config.json", "{}"), "JSON");
        refused(file("empty.gguf", ""), "empty file");
    }

    @Test
    void useAfterCloseIsAnError() throws Exception {
        for (String name : new String[] {"types.safetensors", "kinds.gguf", "sharded", "split"}) {
            Checkpoint checkpoint = Checkpoints.open(Fixtures.path(name));
            String tensor = checkpoint.names().iterator().next();
            Tensor open = checkpoint.tensor(tensor);
            checkpoint.close();
            checkpoint.close();
            Fixtures.assertSays(assertThrows(IllegalStateException.class, () -> checkpoint.tensor(tensor)), name,
                    "is closed");
            Fixtures.assertSays(assertThrows(IllegalStateException.class, checkpoint::sources), "is closed");
            assertThrows(IllegalStateException.class, () -> open.memory().get(ValueLayout.JAVA_BYTE, 0));
        }
    }
}
