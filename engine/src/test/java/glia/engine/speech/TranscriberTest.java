package glia.engine.speech;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.SpeechModel;
import glia.engine.speech.Transcript.Segment;
import glia.engine.speech.Transcript.Word;
import glia.io.sound.SoundReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Transcription of sounds longer than a window, with a model of random weights: windows, fallbacks, streams, words.
class TranscriberTest {
    private static LanguageModel model;
    private static byte[] sound;

    @BeforeAll
    static void load(@TempDir Path folder) throws IOException {
        model = SpeechModel.load(folder);
        sound = SpeechModel.wav(4.3);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Transcript transcribe(InputStream in, boolean isStream, TranscribeOptions options,
            Transcriber.Listener listener) throws IOException {
        try (SoundReader reader = SoundReader.open("sound", in)) {
            return new Transcriber(model).transcribe(reader, isStream, options, listener);
        }
    }

    private static Transcript transcribe(TranscribeOptions options) throws IOException {
        return transcribe(new ByteArrayInputStream(sound), false, options, new Transcriber.Listener() { });
    }

    private static TranscribeOptions of(String language, boolean words) {
        return TranscribeOptions.defaults().with(Optional.of(language), false, true, words);
    }

    @Test
    void windowsFollowEachOtherToTheEnd() throws IOException {
        List<Segment> segments = transcribe(of("en", false)).segments();
        assertTrue(segments.getLast().seek() >= 3, segments::toString);
        for (int i = 0; i < segments.size(); i++) {
            assertEquals(i, segments.get(i).id());
            assertTrue(segments.get(i).end() > segments.get(i).start());
        }
        // The text of random weights is improbable, so the last temperature is taken.
        assertEquals(1, segments.getFirst().temperature());
        assertEquals(transcribe(of("en", false)), transcribe(of("en", false)), "the same seed, the same text");
    }

    @Test
    void languageTaskAndTemperatureMakeADifference() throws IOException {
        TranscribeOptions cold = of("en", false).withTemperatures(List.of(0.0), 0);
        Transcript english = transcribe(cold);
        assertEquals(0, english.segments().getFirst().temperature());
        assertFalse(english.equals(transcribe(cold.with(Optional.of("de"), true, true, false))));
        assertTrue(List.of("en", "de").contains(transcribe(cold.with(Optional.empty(), false, true, false))
                .language()));
        assertThrows(IllegalArgumentException.class, () -> transcribe(of("xx", false)));
    }

    /// Times of words are in order, inside of their segments, and end before the window where the model looks there.
    @Test
    void wordsHaveTimes() throws IOException {
        Transcript transcript = transcribe(of("en", true));
        int numEarly = 0;
        int numWords = 0;
        for (Segment segment : transcript.segments()) {
            List<Word> words = segment.words();
            numWords += words.size();
            for (Word word : words) {
                assertTrue(word.start() <= word.end(), words::toString);
            }
            if (!words.isEmpty()) {
                assertEquals(words.getFirst().start(), segment.start());
                assertEquals(words.getLast().end(), segment.end());
                numEarly += words.getLast().end() < segment.seek() + 0.98 ? 1 : 0;
            }
        }
        assertTrue(numEarly > 0 && numWords > 3, transcript::toString);
    }

    @Test
    void pausesAreNoPartOfWords() {
        List<Word> words = new ArrayList<>(Stream.of(0.0, 5.0, 5.2, 5.4).map(t -> new Word(" a", t, t == 0 ? 5 : t
                + 0.2, 1)).toList());
        WordAlignment.trim(words, 0, 5.6, 0, 0.2);
        assertEquals(4.6, words.getFirst().start(), 1e-9);
        List<Word> late = new ArrayList<>(List.of(new Word(" a", 3, 3.2, 1), new Word(" b", 3.2, 9, 1)));
        WordAlignment.trim(late, 3, 3.5, 3, 0.2);
        assertEquals(3.5, late.getLast().end(), 1e-9);
    }

    /// A window is transcribed before the sound after it has arrived.
    @Test
    void aStreamIsTranscribedWhileItArrives() throws IOException {
        List<Integer> atSegment = new ArrayList<>();
        int[] read = {0};
        InputStream slow = new ByteArrayInputStream(sound) {
            @Override
            public synchronized int read(byte[] to, int off, int len) {
                int count = super.read(to, off, Math.min(len, 1600));
                read[0] += Math.max(0, count);
                return count;
            }
        };
        Transcript streamed = transcribe(slow, true, of("en", false), new Transcriber.Listener() {
            @Override
            public void segment(Segment segment) {
                atSegment.add(read[0]);
            }
        });
        assertFalse(streamed.segments().isEmpty());
        assertTrue(atSegment.getFirst() < sound.length * 3 / 4, atSegment + " of " + sound.length);
        assertEquals(4.3, streamed.duration(), 1e-9);
    }

    @Test
    void aListenerEndsIt() {
        assertThrows(CancellationException.class, () -> transcribe(new ByteArrayInputStream(sound), false,
                of("en", false), new Transcriber.Listener() {
                    @Override
                    public boolean isCancelled() {
                        return true;
                    }
                }));
    }
}
