package glia.engine.speech;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.engine.speech.Transcript.Segment;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Subtitles, the path of word timestamps, and the measures of fallbacks.
class TranscriptTest {
    private static Segment segment(int id, double start, double end, String text) {
        return new Segment(id, 0, start, end, text, List.of(), 0, -0.1, 1, 0, List.of());
    }

    @Test
    void subtitlesFollowTheirFormats() {
        Transcript transcript = new Transcript("en", 3700, List.of(segment(0, 0, 1.5, " Hello --> you."),
                segment(1, 3599.9996, 3661.25, " Bye.")));
        assertEquals("Hello --> you. Bye.", transcript.text());
        assertEquals("1\n00:00:00,000 --> 00:00:01,500\nHello -> you.\n\n"
                + "2\n01:00:00,000 --> 01:01:01,250\nBye.\n\n", transcript.srt());
        assertEquals("WEBVTT\n\n00:00.000 --> 00:01.500\nHello -> you.\n\n"
                + "01:00:00.000 --> 01:01:01.250\nBye.\n\n", transcript.vtt());
    }

    @Test
    void thePathFollowsTheLargestSum() {
        double[][] matrix = {{1, 1, -1, -1, -1}, {-1, -1, 1, -1, -1}, {-1, -1, -1, 1, 1}};
        assertArrayEquals(new int[] {0, 2, 3}, WordAlignment.path(matrix));
        assertArrayEquals(new int[0], WordAlignment.path(new double[0][]));
    }

    @Test
    void repetitionCompresses() {
        assertEquals(0.86, WindowDecoder.compression(" Hello, how are you? I am fine, thanks."), 0.1);
        assertEquals(true, WindowDecoder.compression(" no".repeat(40)) > 2.4);
    }

    @Test
    void logarithmsOfSumsStandLargeNumbers() {
        float[] logits = {1000, 1000, -1000, Float.NEGATIVE_INFINITY};
        assertEquals(1000 + Math.log(2), SpeechRules.logSum(logits, 0, 4), 1e-9);
        assertEquals(Double.NEGATIVE_INFINITY, SpeechRules.logSum(logits, 3, 4));
    }

    @Test
    void optionsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> TranscribeOptions.defaults().withTemperatures(List.of(), 0));
        assertThrows(IllegalArgumentException.class,
                () -> TranscribeOptions.defaults().withTemperatures(List.of(3.0), 0));
        assertEquals(Optional.of("de"),
                TranscribeOptions.defaults().with(Optional.of("de"), true, true, true).language());
        assertEquals("german", SpeechTokens.name("de"));
        assertEquals("javanese", SpeechTokens.name("jw"));
    }
}
