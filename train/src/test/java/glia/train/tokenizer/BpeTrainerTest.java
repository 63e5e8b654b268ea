package glia.train.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Vocabulary and merges against those of Hugging Face's tokenizers 0.23.3 on the same text.
class BpeTrainerTest {
    private static final Path FOLDER = Path.of("src/test/resources/bpe");

    @TempDir
    private Path folder;

    private static TrainedTokenizer trained(int vocabSize, int minFrequency, String special) throws Exception {
        return new BpeTrainer(vocabSize, minFrequency, List.of(special.split(" ")))
                .add(Files.readString(FOLDER.resolve("corpus.txt"))).train();
    }

    @ParameterizedTest
    @CsvSource({"hf-700, 700, 0, <|endoftext|> <pad>", "hf-rare, 5000, 3, <|endoftext|>"})
    void vocabularyAndMergesAreTheReferences(String name, int vocabSize, int minFrequency, String special)
            throws Exception {
        JsonNode expected = JsonTree.parse(Files.readString(FOLDER.resolve(name + ".json"))).get("model");
        JsonNode actual = JsonTree.parse(trained(vocabSize, minFrequency, special).json()).get("model");
        assertEquals(JsonTree.sorted(expected.get("vocab")).toString(),
                JsonTree.sorted(actual.get("vocab")).toString());
        assertEquals(expected.get("merges").toString(), actual.get("merges").toString());
    }

    @Test
    void itsFileEncodesAndDecodesAsTheReferences() throws Exception {
        trained(700, 0, "<|endoftext|> <pad>").write(folder);
        Path reference = Files.createDirectory(folder.resolve("reference"));
        Files.copy(FOLDER.resolve("hf-700.json"), reference.resolve("tokenizer.json"));
        Tokenizer own = Tokenizer.load(folder);
        Tokenizer theirs = Tokenizer.load(reference);
        String text = Files.readString(FOLDER.resolve("corpus.txt")) + "<|endoftext|>\u0000\uFFFF new words, Ünïcödé";
        int[] ids = own.encode(text, false);
        assertArrayEquals(theirs.encode(text, false), ids);
        assertEquals(text, own.decode(ids, false));
        assertTrue(own.isMarker(0));
        assertEquals(700, own.vocabSize());
    }

    @Test
    void nothingIsOverwritten() throws Exception {
        TrainedTokenizer small = new BpeTrainer(257, 0, List.of("<e>")).add("a").train();
        small.write(folder);
        assertThrows(CheckpointException.class, () -> small.write(folder));
    }

    @Test
    void textWithoutPairsGivesTheBytes() {
        assertEquals(256, new BpeTrainer(1000, 0, List.of()).train().tokens().size());
        assertEquals(256, new BpeTrainer(1000, 0, List.of()).add("a b c").train().merges().size() + 256 - 2);
        assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(256, 0, List.of("<e>")));
    }
}
