package glia.serve.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The files of sentence-transformers are read once for each loaded model.
class EmbeddingFilesTest {
    @TempDir
    private Path folder;

    private static float[] vector(LanguageModel model) throws CheckpointException {
        Embedder embedder = Embedder.of(model);
        return embedder.embed(List.of(embedder.encode("Solve x = 2.")), "", () -> true)[0];
    }

    @Test
    void changedFilesCountWhenTheModelIsLoadedAgain() throws Exception {
        try (LanguageModel plain = LanguageModel.load("stories260K"); var files = Files.list(plain.path())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        try (LanguageModel model = LanguageModel.load(folder)) {
            float[] before = vector(model);
            Files.writeString(folder.resolve("modules.json"), "no JSON");
            assertArrayEquals(before, vector(model));
            try (LanguageModel again = LanguageModel.load(folder)) {
                assertThrows(CheckpointException.class, () -> vector(again));
            }
            assertArrayEquals(before, vector(model));
        }
    }
}
