package glia.engine.speech;

import java.util.List;
import java.util.Optional;

/// Options of a transcription; the defaults are those of https://arxiv.org/abs/2212.04356, section 4.5.
///
/// @param language a code such as `de`; empty to detect it
/// @param translates whether the text is in English, whatever the language
/// @param timestamps whether segments have times of their own; without, a segment is a window
/// @param words whether words have times
/// @param prompt a text that is assumed to come before: names, spelling, style; empty for none
/// @param temperatures of sampling, tried in order until a text is accepted; 0 is greedy
/// @param numSamples texts of a temperature above 0, of which the most probable is taken
/// @param mostRepetitive a text that compresses better than this is not accepted
/// @param leastLogProbability of the tokens in the mean; a text below is not accepted
/// @param noSpeech the probability of silence from which a window without an accepted text is skipped
/// @param followsText whether the text of earlier windows is part of a window's prompt
/// @param seed of sampling
public record TranscribeOptions(Optional<String> language, boolean translates, boolean timestamps, boolean words,
        String prompt, List<Double> temperatures, int numSamples, double mostRepetitive, double leastLogProbability,
        double noSpeech, boolean followsText, long seed) {
    private static final TranscribeOptions DEFAULTS = new TranscribeOptions(Optional.empty(), false, true, false, "",
            List.of(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), 5, 2.4, -1, 0.6, true, 0);

    public TranscribeOptions {
        temperatures = List.copyOf(temperatures);
        if (temperatures.isEmpty() || temperatures.stream().anyMatch(t -> !(t >= 0 && t <= 2)) || numSamples < 1) {
            throw new IllegalArgumentException("temperatures " + temperatures + " with " + numSamples
                    + " samples, expected at least one of each, temperatures of 0 to 2");
        }
    }

    public static TranscribeOptions defaults() {
        return DEFAULTS;
    }

    /// A copy with another language, task and kind of times.
    public TranscribeOptions with(Optional<String> code, boolean toEnglish, boolean ofSegments, boolean ofWords) {
        return new TranscribeOptions(code, toEnglish, ofSegments, ofWords, prompt, temperatures, numSamples,
                mostRepetitive, leastLogProbability, noSpeech, followsText, seed);
    }

    /// A copy with another text before.
    public TranscribeOptions withPrompt(String text, boolean windowsFollow) {
        return new TranscribeOptions(language, translates, timestamps, words, text, temperatures, numSamples,
                mostRepetitive, leastLogProbability, noSpeech, windowsFollow, seed);
    }

    /// A copy with other temperatures.
    public TranscribeOptions withTemperatures(List<Double> others, long otherSeed) {
        return new TranscribeOptions(language, translates, timestamps, words, prompt, others, numSamples,
                mostRepetitive, leastLogProbability, noSpeech, followsText, otherSeed);
    }
}
