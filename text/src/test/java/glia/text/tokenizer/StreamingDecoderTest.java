package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class StreamingDecoderTest {
    private static final Tokenizer STORIES;
    private static final Tokenizer BYTE_LEVEL;
    private static final long NATIVE_BYTE_LEVEL;
    private static final long NATIVE_STORIES;

    static {
        try {
            STORIES = Tokenizer.load(TestData.stories260K());
            var metadata = TestData.gguf(TestData.byteLevelMetadata("smollm"));
            BYTE_LEVEL = Tokenizer.fromGguf(metadata);
            NATIVE_BYTE_LEVEL = TokenizersLibrary.LIB.createTokenizerFromString(GgufTokenizer.read(metadata).json()
                    .replace("\"decoder\":null", "\"decoder\":{\"type\":\"ByteLevel\","
                            + "\"add_prefix_space\":false,\"trim_offsets\":false}"));
            NATIVE_STORIES = TokenizersLibrary.LIB.createTokenizerFromString(
                    Files.readString(TestData.stories260K().resolve("tokenizer.json")));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// Streams ids and checks that no part ends inside a character; returns the whole text.
    private static String stream(Tokenizer tokenizer, int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = tokenizer.streamingDecoder(skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String part = decoder.accept(id);
            assertFalse(!part.isEmpty() && Character.isHighSurrogate(part.charAt(part.length() - 1)));
            text.append(part);
        }
        return text.append(decoder.finish()).toString();
    }

    @Property(tries = 2000)
    void streamedPartsJoinToTheWholeText(@ForAll @Size(max = 60) List<@IntRange(max = 511) Integer> list,
                             @ForAll boolean skipSpecial) {
        int[] ids = ints(list);
        assertEquals(STORIES.decode(ids, skipSpecial), stream(STORIES, ids, skipSpecial));
    }

    /// Byte tokens are frequent enough to make valid, invalid and incomplete characters.
    @Property(tries = 2000)
    void streamedBytesJoinToTheWholeText(@ForAll @Size(max = 40) List<@IntRange(max = 263) Integer> list) {
        int[] ids = ints(list);
        assertEquals(STORIES.decode(ids, false), stream(STORIES, ids, false));
        int[] bytes = Arrays.stream(ids).map(id -> id % 256).toArray();
        assertEquals(BYTE_LEVEL.decode(bytes, false), stream(BYTE_LEVEL, bytes, false));
    }

    /// Any sequence of byte-level pieces, valid UTF-8 or not, decodes as with Hugging Face's library.
    @Property(tries = 2000)
    void byteLevelTextsAreThoseOfHuggingFace(@ForAll @Size(max = 40) List<@IntRange(max = 758) Integer> list,
                                             @ForAll boolean skipSpecial) {
        int[] some = list.stream().mapToInt(id -> Math.min(id, BYTE_LEVEL.vocabSize() - 1)).toArray();
        String expected = TokenizersLibrary.LIB.decode(NATIVE_BYTE_LEVEL, longs(some), skipSpecial);
        assertEquals(expected, BYTE_LEVEL.decode(some, skipSpecial));
        assertEquals(expected, stream(BYTE_LEVEL, some, skipSpecial));
    }

    /// Without byte tokens, whose invalid runs Hugging Face decodes differently; special tokens are 0, 1 and 2.
    @Property(tries = 2000)
    void sentencePieceTextsAreThoseOfHuggingFace(@ForAll @Size(max = 40) List<@IntRange(max = 255) Integer> list,
                                                 @ForAll boolean skipSpecial) {
        int[] some = list.stream().mapToInt(id -> id < 3 ? id : 511 - id % 253).toArray();
        String expected = TokenizersLibrary.LIB.decode(NATIVE_STORIES, longs(some), skipSpecial);
        assertEquals(expected, STORIES.decode(some, skipSpecial));
        assertEquals(expected, stream(STORIES, some, skipSpecial));
    }

    @Property(tries = 500)
    void everyTextRoundTrips(@ForAll String text) {
        String sound = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        assertEquals(sound, stream(BYTE_LEVEL, BYTE_LEVEL.encode(sound, false), false));
        // SentencePiece writes a space as this character, so both decode to a space.
        assertEquals(sound.replace('▁', ' '), stream(STORIES, STORIES.encode(sound, false), false));
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    private static long[] longs(int[] ids) {
        return Arrays.stream(ids).asLongStream().toArray();
    }

    @Test
    void incompleteCharactersAreKept() {
        StreamingDecoder decoder = STORIES.streamingDecoder(true);
        int zero = 3;
        assertEquals("", decoder.accept(zero + 0xF0));
        assertEquals("", decoder.accept(zero + 0x9F));
        assertEquals("", decoder.accept(zero + 0x99));
        assertEquals("\uD83D\uDE42", decoder.accept(zero + 0x82));
        assertEquals("", decoder.accept(zero + 0xE4));
        assertEquals("\uFFFDA", decoder.accept(zero + 'A'));
        assertEquals("", decoder.accept(zero + 0xE4));
        assertEquals("\uFFFD", decoder.finish());
        assertEquals("", decoder.finish());
    }

    @Test
    void onlyTheFirstSpaceOfATextIsDropped() {
        int[] ids = STORIES.encode("a a", false);
        assertEquals("a a", stream(STORIES, ids, false));
        StreamingDecoder decoder = STORIES.streamingDecoder(true);
        int space = STORIES.id("▁").getAsInt();
        assertEquals("", decoder.accept(1));
        assertEquals("", decoder.accept(space));
        assertEquals(" ", decoder.accept(space));
        assertEquals("", decoder.finish());
        assertEquals("", decoder.accept(space));
    }

    @Test
    void idsOutsideTheVocabularyAreErrors() {
        for (int id : new int[] {-1, 512, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> STORIES.decode(new int[] {id}, true)).getMessage();
            assertTrue(message.contains(String.valueOf(id)) && message.contains("0 to 511"), message);
        }
    }
}
