package glia.train.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        return new BpeTrainer(vocabSize, minFrequency, SpecialTokens.of(special.split(" ")))
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
        TrainedTokenizer small = new BpeTrainer(257, 0, SpecialTokens.of("<e>")).add("a").train();
        small.write(folder);
        assertThrows(CheckpointException.class, () -> small.write(folder));
    }

    @Test
    void rolesAndTheChatTemplateAreInTheConfig() throws Exception {
        SpecialTokens special = new SpecialTokens(Map.of(), List.of("<|im_start|>", "<|im_end|>"))
                .with(SpecialTokens.BOS, "<s>").with(SpecialTokens.EOS, "<|im_end|>").with(SpecialTokens.PAD, "<pad>");
        new BpeTrainer(300, 0, special).add("a b c").train()
                .write(folder, Optional.of("{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"));
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertEquals(0, tokenizer.bos().orElseThrow());
        assertEquals(1, tokenizer.eos().orElseThrow());
        assertArrayEquals(new int[] {0, tokenizer.id("a").orElseThrow()}, tokenizer.encodePlain("a", true));
        int[] chat = ChatTemplate.find(folder).orElseThrow().encode(List.of(ChatMessage.user("a")),
                RenderOptions.PROMPT, tokenizer);
        assertArrayEquals(new int[] {3, tokenizer.id("a").orElseThrow(), 1}, chat);
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long theirs = library.createTokenizerFromString(Files.readString(folder.resolve("tokenizer.json")));
        assertArrayEquals(new long[] {0, tokenizer.id("a").orElseThrow()},
                library.getTokenIds(library.encode(theirs, "a", true)));
        assertThrows(CheckpointException.class, () -> new BpeTrainer(300, 0, special).train().write(folder));
    }

    @Test
    void specialTokensAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> SpecialTokens.of("x"));
        assertThrows(IllegalArgumentException.class, () -> SpecialTokens.NONE.with("bos", "<s>"));
        assertEquals(List.of("<s>", "<x>"), SpecialTokens.of("<x>").with(SpecialTokens.BOS, "<s>")
                .with(SpecialTokens.EOS, "<s>").all());
    }

    @Test
    void textWithoutPairsGivesTheBytes() {
        assertEquals(256, new BpeTrainer(1000, 0, SpecialTokens.NONE).train().tokens().size());
        assertEquals(256, new BpeTrainer(1000, 0, SpecialTokens.NONE).add("a b c").train().merges().size() + 256 - 2);
        assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(256, 0, SpecialTokens.of("<e>")));
    }
}
