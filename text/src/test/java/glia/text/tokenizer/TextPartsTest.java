package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Long texts have the tokens that they have as a whole.
class TextPartsTest {
    private static String text(String separators, int length) {
        Random random = new Random(5);
        String[] words = {"Once", "upon", "a", "time,", "1234567", "<|x|>", "Ünï", "北京", "😀😀", "x".repeat(90)};
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(words[random.nextInt(words.length)]).append(separators.charAt(
                    random.nextInt(separators.length())));
        }
        return text.toString();
    }

    /// Of SentencePiece, which puts a space before each text, and of byte-level BPE, in parts of different sizes.
    @ParameterizedTest
    @ValueSource(strings = {"\n", " ", " \n", "-", "\t ", " \n\n"})
    void partsHaveTheTokensOfTheWhole(String separators) throws Exception {
        String text = text(separators, 12_000);
        for (Tokenizer tokenizer : List.of(Tokenizer.load(TestData.stories260K()), Tokenizer.fromGguf(
                TestData.gguf(TestData.byteLevelMetadata("llama-bpe"))))) {
            int[] whole = tokenizer.encode(text, false);
            for (int most : new int[] {1000, 1017, 5000}) {
                List<Integer> lengths = new ArrayList<>();
                Function<String, int[]> encoder = part -> {
                    lengths.add(part.length());
                    return tokenizer.encode(part, false);
                };
                assertArrayEquals(whole, new Encoder.TextParts(encoder, most).encode(text), "parts of " + most);
                assertTrue(lengths.stream().allMatch(n -> n <= most), lengths.toString());
            }
        }
    }

    /// A line that never ends is cut between any two characters.
    @ParameterizedTest
    @ValueSource(strings = {"x", "北", "😀", "ab"})
    void aTextWithoutBlanksIsEncoded(String unit) throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        String text = unit.repeat(4000);
        assertArrayEquals(tokenizer.encode(text, false),
                new Encoder.TextParts(part -> tokenizer.encode(part, false), 1000).encode(text));
    }

    @Test
    void aTextOfAnyLengthIsEncodedAndAnInterruptEndsIt() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        String line = "Once upon a time there was a girl.\n";
        int count = 2_000_000 / line.length() + 100;
        int perLine = tokenizer.encode(line.repeat(3), false).length - tokenizer.encode(line.repeat(2), false).length;
        int[] ids = tokenizer.encode(line.repeat(count), true);
        assertEquals(tokenizer.encode(line.repeat(2), true).length + (count - 2) * perLine, ids.length);
        Thread.currentThread().interrupt();
        assertThrows(CancellationException.class, () -> tokenizer.encode(line.repeat(count), true));
        assertTrue(Thread.interrupted());
    }
}
