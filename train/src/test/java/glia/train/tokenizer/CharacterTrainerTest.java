package glia.train.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharacterTrainerTest {
    private static final String TEXT = "To be, or not\nto be:\t\u0000 Ünïcödé 你好 🙂 \"quotes\" \\ \r\n <unk> ▁Ġ e\u0301";

    @TempDir
    private Path folder;

    private Tokenizer trained(SpecialTokens special) throws Exception {
        new CharacterTrainer(special).add(TEXT).train().write(folder);
        return Tokenizer.load(folder);
    }

    @Test
    void anyTextOfItsCharactersIsEncodedAndDecoded() throws Exception {
        Tokenizer tokenizer = trained(SpecialTokens.NONE.with(SpecialTokens.EOS, "<|endoftext|>"));
        String text = TEXT + new StringBuilder(TEXT).reverse() + "  \n\n <end or be>";
        int[] ids = tokenizer.encodePlain(text, true);
        assertEquals(text.codePointCount(0, text.length()), ids.length);
        assertEquals(text, tokenizer.decode(ids, false));
        assertEquals((int) TEXT.codePoints().distinct().count() + 2, tokenizer.vocabSize());
        assertEquals(0, tokenizer.eos().orElseThrow());
        assertTrue(tokenizer.isSpecial(1));
    }

    @Test
    void otherCharactersBecomeTheUnknownToken() throws Exception {
        Tokenizer tokenizer = trained(SpecialTokens.NONE);
        int[] ids = tokenizer.encodePlain("bZZe", false);
        assertArrayEquals(new int[] {tokenizer.id("b").orElseThrow(), 0, 0, tokenizer.id("e").orElseThrow()}, ids);
        assertEquals("<unk>", tokenizer.piece(0));
    }

    @Test
    void theFileIsReadByTheTokenizersLibrary() throws Exception {
        Tokenizer own = trained(SpecialTokens.of("<|im_start|>"));
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long theirs = library.createTokenizerFromString(Files.readString(folder.resolve("tokenizer.json")));
        String text = TEXT.replace("<unk>", "") + "ZZ<|im_start|>";
        long[] ids = library.getTokenIds(library.encode(theirs, text, true));
        assertArrayEquals(Arrays.stream(own.encode(text, true)).asLongStream().toArray(), ids);
        assertEquals(text.replace("ZZ", "<unk><unk>"), library.decode(theirs, ids, false));
    }

    @Test
    void idsAreInTheOrderOfTheCharacters() {
        TrainedTokenizer tokenizer = new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.UNKNOWN, "[UNK]"))
                .add("ba").add("c\n").train();
        assertEquals(List.of("[UNK]", "\n", "a", "b", "c"), tokenizer.tokens());
        assertThrows(IllegalArgumentException.class, () -> new CharacterTrainer(SpecialTokens.NONE).add("a\uD800"));
    }
}
