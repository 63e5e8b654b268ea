package glia.engine.speech;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.SpeechModel;
import glia.engine.speech.Transcript.Segment;
import glia.engine.speech.Transcript.Word;
import glia.io.CheckpointException;
import glia.io.sound.SoundReader;
import glia.model.TinyModel;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Transcription in windows that are apart: words of logits, and models of random weights from file to text.
class WindowTranscriberTest {
    @TempDir
    Path folder;

    private static Transcript transcribe(LanguageModel model, double seconds, TranscribeOptions options,
            Transcriber.Listener listener) throws IOException {
        try (SoundReader sound = SoundReader.open("sound", new ByteArrayInputStream(SpeechModel.wav(seconds)))) {
            return new Transcriber(model).transcribe(sound, false, options, listener);
        }
    }

    /// Frames whose most probable pieces are those of some characters.
    private static Tensor logits(String frames, String letters) {
        Tensor logits = Tensor.allocate(Arena.ofAuto(), DType.F32, frames.length(), letters.length());
        logits.zero();
        for (int t = 0; t < frames.length(); t++) {
            logits.set((long) t * letters.length() + letters.indexOf(frames.charAt(t)), 20);
        }
        return logits;
    }

    @Test
    void repetitionsCountOnceAndBlanksNotAtAll() {
        CtcTranscriber.Pieces letters = new CtcTranscriber.Pieces(List.of("", "|", "H", "E", "L", "O"), 0, "|", true);
        List<Word> words = letters.words(logits("_|HHE_LL_LO||_HO", "_|HELO"));
        assertEquals(List.of(" hello", " ho"), words.stream().map(Word::text).toList());
        assertEquals(List.of(2.0, 14.0), words.stream().map(Word::start).toList());
        assertEquals(List.of(11.0, 16.0), words.stream().map(Word::end).toList());
        assertEquals(1, words.getFirst().probability(), 1e-6);
        CtcTranscriber.Pieces parts = new CtcTranscriber.Pieces(List.of("", "\u2581he", "llo", "\u2581"), 0, "|",
                false);
        assertEquals(List.of(" hello", " he", " hello"), parts.words(logits("hhl_hh_hl_", "_hl~")).stream()
                .map(Word::text).toList());
    }

    @Test
    void lettersOfEachWindow() throws IOException {
        TinyModel.write(folder, """
                {"model_type": "wav2vec2", "vocab_size": 8, "hidden_size": 16, "num_hidden_layers": 1,
                "num_attention_heads": 2, "intermediate_size": 16, "num_conv_pos_embeddings": 4, "pad_token_id": 0,
                "num_conv_pos_embedding_groups": 2, "conv_dim": [8, 8], "conv_kernel": [400, 2],
                "conv_stride": [1600, 1]}""", 3);
        Files.writeString(folder.resolve("vocab.json"),
                "{\"<pad>\": 0, \"<unk>\": 1, \"|\": 2, \"A\": 3, \"B\": 4, \"C\": 5, \"D\": 6, \"E\": 7}");
        try (LanguageModel model = LanguageModel.load(folder)) {
            TranscribeOptions words = TranscribeOptions.defaults().with(Optional.empty(), false, true, true);
            Transcript transcript = transcribe(model, 31, words, new Transcriber.Listener() { });
            assertEquals(31, transcript.duration(), 1e-9);
            assertTrue(transcript.text().matches("[A-E ]+"), transcript::text);
            List<Segment> segments = transcript.segments();
            assertTrue(segments.getLast().end() > 20 && segments.getLast().seek() >= 20, segments::toString);
            for (Segment segment : segments) {
                assertEquals(segment.start(), segment.words().getFirst().start());
                assertEquals(segment.end(), segment.words().getLast().end());
            }
            assertEquals(List.of(), new Transcriber(model).languages());
            assertThrows(IllegalArgumentException.class, () -> transcribe(model, 1,
                    words.with(Optional.of("de"), false, true, false), new Transcriber.Listener() { }));
            assertThrows(IllegalArgumentException.class, () -> transcribe(model, 1,
                    words.with(Optional.empty(), true, true, false), new Transcriber.Listener() { }));
            assertThrows(CancellationException.class, () -> transcribe(model, 1, words, new Transcriber.Listener() {
                @Override
                public boolean isCancelled() {
                    return true;
                }
            }));
        }
    }

    @Test
    void wordsOfPieces() throws IOException {
        SpeechModel.load(folder).close();
        Files.delete(folder.resolve("preprocessor_config.json"));
        Files.delete(folder.resolve("generation_config.json"));
        TinyModel.write(folder, """
                {"model_type": "parakeet_ctc", "vocab_size": 318, "pad_token_id": 317, "encoder_config": {
                "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
                "subsampling_conv_channels": 4, "num_mel_bins": 8}}""", 4);
        try (LanguageModel model = LanguageModel.load(folder)) {
            TranscribeOptions words = TranscribeOptions.defaults().with(Optional.empty(), false, true, true);
            Transcript transcript = transcribe(model, 31, words, new Transcriber.Listener() { });
            assertEquals(31, transcript.duration(), 1e-9);
            List<Segment> segments = transcript.segments();
            assertTrue(segments.getLast().end() > 20 && segments.getLast().seek() >= 20, segments::toString);
            for (Word word : segments.stream().filter(s -> s.seek() == 0).flatMap(s -> s.words().stream()).toList()) {
                assertEquals(0, word.start() * 100 % 8, 1e-6, "frames of 80 ms");
            }
        }
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"feature_size\": 80}");
        try (LanguageModel model = LanguageModel.load(folder)) {
            Throwable thrown = assertThrows(CheckpointException.class, () -> new Transcriber(model));
            assertTrue(thrown.getMessage().contains("feature_size") && thrown.getMessage().contains("expected 8"),
                    thrown::getMessage);
        }
    }

    @Test
    void moonshineWritesAText() throws IOException {
        SpeechModel.load(folder).close();
        Files.delete(folder.resolve("preprocessor_config.json"));
        Files.delete(folder.resolve("generation_config.json"));
        TinyModel.write(folder, """
                {"model_type": "moonshine", "vocab_size": 317, "hidden_size": 16, "intermediate_size": 16,
                "encoder_num_hidden_layers": 1, "decoder_num_hidden_layers": 1, "encoder_num_attention_heads": 2,
                "decoder_num_attention_heads": 2, "bos_token_id": 257, "decoder_start_token_id": 257,
                "eos_token_id": 256, "pad_token_id": 256, "partial_rotary_factor": 0.5}""", 5);
        try (LanguageModel model = LanguageModel.load(folder)) {
            Transcript transcript = transcribe(model, 2, TranscribeOptions.defaults(), new Transcriber.Listener() { });
            assertEquals(1, transcript.segments().size());
            Segment only = transcript.segments().getFirst();
            assertEquals(List.of(0.0, 2.0), List.of(only.start(), only.end()));
            assertTrue(!only.tokens().isEmpty() && only.tokens().size() <= 13, only::toString);
            assertEquals(transcript, transcribe(model, 2, TranscribeOptions.defaults(),
                    new Transcriber.Listener() { }));
        }
    }
}
