package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which ids of a prompt and its answer the next prompt keeps, with a tokenizer that splits a word in many ways.
class ConversationTokensTest {
    @TempDir
    Path folder;
    private Tokenizer tokenizer;

    @BeforeEach
    void load() throws IOException {
        MarkedStories.write(folder, "");
        tokenizer = Tokenizer.load(folder);
    }

    /// Texts of which those in brackets are trusted.
    private static TrustedText rendered(String text) {
        TextBuilder builder = new TextBuilder();
        for (String piece : text.split("(?=<)|(?<=>)")) {
            builder = piece.startsWith("<") ? builder.trusted(piece) : builder.append(piece);
        }
        return builder.whole();
    }

    /// The tokens of " once" as single characters, which no encoder chooses.
    private int[] spelled(String text) {
        return text.chars().map(c -> tokenizer.id(c == ' ' ? "▁" : Character.toString(c)).orElseThrow()).toArray();
    }

    private ConversationTokens answered(String prompt, int[] answer) {
        return ConversationTokens.EMPTY.next(rendered(prompt), tokenizer)
                .with(answer, tokenizer.decodeTrusted(answer, true), tokenizer);
    }

    private static int[] joined(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray();
    }

    private int[] encode(String text) {
        return tokenizer.encode(rendered(text), false);
    }

    @Test
    void anAnswerKeepsTheTokensOfTheModel() {
        int[] answer = spelled("once");
        ConversationTokens first = answered("a girl<think>", answer);
        int[] ids = first.next(rendered("a girl<think>once<think>more<think>"), tokenizer).ids();
        assertArrayEquals(joined(encode("a girl<think>"), answer, encode("<think>more<think>")), ids);
        assertEquals("a girl<think>once<think>more<think>", tokenizer.decode(ids, true).replace("> ", ">"));
    }

    @Test
    void aSpaceThatTheDecoderDroppedMayStandInThePrompt() {
        int[] answer = spelled(" once");
        ConversationTokens first = answered("a girl<think>", answer);
        int[] expected = joined(encode("a girl<think>"), answer, encode("<think>b"));
        assertArrayEquals(expected, first.next(rendered("a girl<think> once<think>b"), tokenizer).ids());
        assertArrayEquals(expected, first.next(rendered("a girl<think>once<think>b"), tokenizer).ids());
    }

    @Test
    void trailingSpaceThatTheTemplateTrimsIsDropped() {
        ConversationTokens first = answered("a<think>", spelled("once  "));
        assertArrayEquals(joined(encode("a<think>"), spelled("once"), encode("<think>b")),
                first.next(rendered("a<think>once<think>b"), tokenizer).ids());
    }

    @Test
    void anEditedAnswerIsEncodedAnew() {
        ConversationTokens first = answered("a<think>", spelled("once"));
        for (String edited : new String[] {"a<think>on<think>b", "a<think>oncemore<think>b", "a<think>", "b",
                "b<think>once<think>b"}) {
            int[] kept = edited.equals("a<think>on<think>b")
                    ? joined(encode("a<think>"), spelled("on"), encode("<think>b")) : encode(edited);
            assertArrayEquals(kept, first.next(rendered(edited), tokenizer).ids(), edited);
        }
    }

    /// A marker that a user types is text: it does not continue the tokens of a trusted one.
    @Test
    void trustCountsToo() {
        ConversationTokens first = answered("a<think>", spelled("once"));
        TrustedText typed = new TextBuilder().append("a").append("<think>").append("once").trusted("<think>").whole();
        assertArrayEquals(tokenizer.encode(typed, false), first.next(typed, tokenizer).ids());
        TrustedText after = new TextBuilder().append(rendered("a<think>once")).append("<think>b").whole();
        assertArrayEquals(tokenizer.encode(after, false), first.next(after, tokenizer).ids());
    }

    @Test
    void earlierAnswersKeepTheirTokensWhenLaterTurnsAreReplaced() {
        ConversationTokens first = answered("a<think>", spelled("once"));
        ConversationTokens second = first.next(rendered("a<think>once<think>b<think>"), tokenizer);
        int[] more = spelled("more");
        ConversationTokens third = second.with(more, tokenizer.decodeTrusted(more, true), tokenizer);
        int[] expected = joined(encode("a<think>"), spelled("once"), encode("<think>c"));
        assertArrayEquals(expected, third.next(rendered("a<think>once<think>c"), tokenizer).ids());
        assertArrayEquals(joined(second.ids(), more, encode("<think>")),
                third.next(rendered("a<think>once<think>b<think>more<think>"), tokenizer).ids());
    }

    @Test
    void aStopStringCutsTheTokensOff() {
        int[] answer = spelled("once more");
        ConversationTokens first = ConversationTokens.EMPTY.next(rendered("a<think>"), tokenizer)
                .with(answer, new TextBuilder().append("once").whole(), tokenizer);
        assertArrayEquals(joined(encode("a<think>"), spelled("once"), encode("<think>b")),
                first.next(rendered("a<think>once<think>b"), tokenizer).ids());
    }

    @Test
    void specialTokensEndWhatIsKept() {
        int eos = tokenizer.eos().orElseThrow();
        int[] answer = joined(spelled("on"), new int[] {eos}, spelled("ce"));
        ConversationTokens first = answered("a<think>", answer);
        assertArrayEquals(encode("a<think>once<think>b"),
                first.next(rendered("a<think>once<think>b"), tokenizer).ids());
        int[] ended = joined(spelled("once"), new int[] {eos});
        assertArrayEquals(joined(encode("a<think>"), spelled("once"), encode("<think>b")),
                answered("a<think>", ended).next(rendered("a<think>once<think>b"), tokenizer).ids());
    }

    @Test
    void anEmptyAnswerKeepsThePrompt() {
        ConversationTokens first = answered("a<think>", new int[] {tokenizer.eos().orElseThrow()});
        assertArrayEquals(encode("a<think><think>b"), first.next(rendered("a<think><think>b"), tokenizer).ids());
    }
}
