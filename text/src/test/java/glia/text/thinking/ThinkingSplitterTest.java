package glia.text.thinking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ThinkingSplitterTest {
    private static final ThinkingFormat THINK = new ThinkingFormat.Tags("", "<think>", "</think>");
    private static final ThinkingFormat HARMONY = new ThinkingFormat.Channels("");

    /// What a splitter makes of pieces.
    private static final class Parts implements ThinkingSplitter.Receiver {
        final StringBuilder thinking = new StringBuilder();
        final StringBuilder answer = new StringBuilder();
        boolean isUnfinished;

        static Parts of(ThinkingFormat format, PromptState state, List<String> pieces) {
            Parts parts = new Parts();
            ThinkingSplitter splitter = new ThinkingSplitter(format, state, parts);
            pieces.forEach(splitter::accept);
            parts.isUnfinished = splitter.isThinking();
            splitter.finish();
            return parts;
        }

        @Override
        public void thinking(String piece) {
            assertEquals(0, answer.length(), "thinking after the answer");
            thinking.append(piece);
        }

        @Override
        public void answer(String piece) {
            answer.append(piece);
        }

        @Override
        public String toString() {
            return "[" + thinking + "][" + answer + "]";
        }
    }

    private static String split(ThinkingFormat format, PromptState state, String text) {
        return Parts.of(format, state, List.of(text)).toString();
    }

    @Test
    void thinkingIsBetweenItsMarkers() {
        assertEquals("[17*20 = 340\nso 391][It is 391.\n]", split(THINK, PromptState.UNDECIDED,
                "\n<think>\n17*20 = 340\nso 391\n</think>\n\nIt is 391.\n"));
        assertEquals("[][It is 391.]", split(THINK, PromptState.UNDECIDED, "<think>\n\n</think>\n\nIt is 391."));
    }

    @Test
    void aPromptMayOpenTheThinking() {
        assertEquals("[a b][c]", split(THINK, PromptState.OPEN, "a b</think>c"));
        assertEquals("[a b][c]", split(THINK, PromptState.OPEN, "<think>\na b</think>c"));
        assertEquals("[][c]", split(THINK, PromptState.OPEN, "</think>c"));
    }

    @Test
    void aTextWithoutThinkingIsAnAnswer() {
        for (String text : List.of("", " ", "\n\nHello", "<thin", "<", " <think", "a <think>b</think>", "</think>")) {
            assertEquals("[][" + text + "]", split(THINK, PromptState.UNDECIDED, text));
            assertEquals("[][" + text + "]", split(THINK, PromptState.CLOSED, text));
        }
        assertEquals("[][<think>b</think>]", split(THINK, PromptState.CLOSED, "<think>b</think>"));
        assertEquals("[][Hi <|x]", split(HARMONY, PromptState.UNDECIDED, "Hi <|x"));
    }

    @Test
    void unfinishedThinkingIsNoAnswer() {
        Parts parts = Parts.of(THINK, PromptState.UNDECIDED, List.of("<think>", "so </th"));
        assertEquals("[so </th][]", parts.toString());
        assertTrue(parts.isUnfinished);
        assertFalse(Parts.of(THINK, PromptState.OPEN, List.of("so </th", "ink>")).isUnfinished);
        assertEquals("[so][]", split(HARMONY, PromptState.UNDECIDED,
                "<|channel|>analysis<|message|>so<|end|><|start|>"));
    }

    @Test
    void markersInAnAnswerArePartOfIt() {
        assertEquals("[a][Use <think> and </think>.]", split(THINK, PromptState.OPEN,
                "a</think>Use <think> and </think>."));
    }

    @Test
    void channelsAreThinkingOrAnswer() {
        assertEquals("[We add.][4]", split(HARMONY, PromptState.UNDECIDED, "<|channel|>analysis<|message|>We add."
                + "<|end|><|start|>assistant<|channel|>final<|message|>4"));
        assertEquals("[][4]", split(HARMONY, PromptState.UNDECIDED, "<|channel|>final<|message|>4"));
        assertEquals("[][4]", split(HARMONY, PromptState.CLOSED, "4"));
        assertEquals("[a\n\nb][c\n\nd]", split(HARMONY, PromptState.UNDECIDED, "<|channel|>analysis<|message|>a <|end|>"
                + "<|start|>assistant<|channel|>analysis<|message|> b<|end|><|start|>assistant<|channel|>commentary"
                + "<|message|>c<|end|><|start|>assistant<|channel|>final<|message|>d"));
    }

    @Property
    void anyDivisionGivesTheSameParts(@ForAll("texts") String text, @ForAll PromptState state, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (ThinkingFormat format : ThinkingFormat.ALL) {
            String marked = text.replace("S", format.start()).replace("E", format.end())
                    .replace("A", format.answer());
            List<String> pieces = new ArrayList<>();
            for (int at = 0; at < marked.length();) {
                int end = Math.min(marked.length(), at + 1 + random.nextInt(6));
                pieces.add(marked.substring(at, end));
                at = end;
            }
            List<String> characters = marked.chars().mapToObj(c -> String.valueOf((char) c)).toList();
            String whole = lenient(format, state, List.of(marked));
            assertEquals(whole, lenient(format, state, pieces));
            assertEquals(whole, lenient(format, state, characters));
        }
    }

    /// Nothing of a text is lost or added but markers and blank characters.
    @Property
    void everyCharacterIsInOneOfTheParts(@ForAll("thoughts") String thinking, @ForAll("thoughts") String answer) {
        for (ThinkingFormat format : ThinkingFormat.ALL) {
            Parts parts = Parts.of(format, PromptState.UNDECIDED,
                    List.of(format.start() + thinking + format.end() + format.answer() + answer));
            assertEquals("[" + thinking.strip() + "][" + answer.stripLeading() + "]", parts.toString());
        }
    }

    /// Messages to a recipient stay in the answer as they are, for the parser of tool calls.
    @Test
    void callsInChannelsArePartOfTheAnswer() {
        String call = "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\": 1}"
                + "<|call|>";
        String text = "<|channel|>analysis<|message|>so<|end|>" + call;
        for (int cut = 0; cut <= text.length(); cut++) {
            assertEquals("[so][" + call + "]", Parts.of(HARMONY, PromptState.UNDECIDED,
                    List.of(text.substring(0, cut), text.substring(cut))).toString());
        }
        String unmarked = " to=functions.f<|channel|>commentary json<|message|>{}";
        assertEquals("[][" + unmarked + "]", split(HARMONY, PromptState.UNDECIDED, unmarked));
        assertEquals("[][ to]", split(HARMONY, PromptState.UNDECIDED, " to"));
        assertEquals("[][ to=f]", split(HARMONY, PromptState.UNDECIDED, " to=f"));
        String between = "<|channel|>commentary<|message|>a<|end|>" + call
                + "<|start|>assistant<|channel|>final<|message|>b";
        assertEquals("[][a" + call + "\n\nb]", split(HARMONY, PromptState.UNDECIDED, between));
    }

    /// With channels, thinking may come after an answer.
    private static String lenient(ThinkingFormat format, PromptState state, List<String> pieces) {
        StringBuilder thinking = new StringBuilder();
        StringBuilder answer = new StringBuilder();
        ThinkingSplitter splitter = new ThinkingSplitter(format, state, new ThinkingSplitter.Receiver() {
            @Override
            public void thinking(String piece) {
                thinking.append(piece);
            }

            @Override
            public void answer(String piece) {
                answer.append(piece);
            }
        });
        pieces.forEach(splitter::accept);
        boolean isThinking = splitter.isThinking();
        splitter.finish();
        return thinking + "|" + answer + "|" + isThinking;
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.of("S", "E", "A", " ", "\n", "a", "b<", "</", "<t", "<|", "think>", "<|end", "[", "◁", "é🙂")
                .list().ofMaxSize(12).map(parts -> String.join("", parts));
    }

    @Provide
    Arbitrary<String> thoughts() {
        Arbitrary<String> word = Arbitraries.of("so", "x = 1", "<", "</", "think", "🙂", "Wait,");
        Arbitrary<String> blank = Arbitraries.of(" ", "\n", "\n\n");
        return Combinators.combine(word, blank).as((w, b) -> w + b).list().ofMinSize(1).ofMaxSize(6)
                .map(parts -> String.join("", parts));
    }
}
