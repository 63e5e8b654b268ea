package glia.engine.sampling;

import java.util.Map;
import java.util.OptionalLong;

/// Sampling options. The steps and their order are llama.cpp's: logit bias, penalties, top-k, top-p, min-p,
/// temperature, draw. (Hugging Face's generation applies the temperature before it truncates.)
///
/// @param temperature divisor of the logits, at least 0; 0 is greedy
/// @param topK keeps the k most probable tokens; 0 for all
/// @param topP nucleus sampling: keeps the smallest set of tokens with this total probability, above 0; 1 for all
///     (https://arxiv.org/abs/1904.09751)
/// @param minP keeps tokens of at least this probability relative to the most probable one, below 1; 0 for all
///     (https://arxiv.org/abs/2407.01082)
/// @param repetitionPenalty divisor of the positive and factor of the negative logits of recent tokens, above 0; 1 for
///     none (https://arxiv.org/abs/1909.05858)
/// @param presencePenalty subtracted from the logit of a recent token, -2 to 2; 0 for none
/// @param frequencyPenalty subtracted for each occurrence of a recent token, -2 to 2; 0 for none
/// @param penaltyWindow the number of recent tokens, prompt included
/// @param logitBias added to the logits of single tokens; negative infinity forbids one
/// @param seed random seed: the same seed, options and logits give the same tokens; empty for a random one
public record SamplingOptions(float temperature, int topK, float topP, float minP, float repetitionPenalty,
                              float presencePenalty, float frequencyPenalty, int penaltyWindow,
                              Map<Integer, Float> logitBias, OptionalLong seed) {
    private static final int MAX_WINDOW = 1 << 20;

    /// @throws IllegalArgumentException if a value is outside its range; the message says which
    public SamplingOptions {
        check("temperature", temperature, temperature >= 0 && temperature < Float.POSITIVE_INFINITY, "0 or more");
        check("top-k", topK, topK >= 0, "0 (off) or more");
        check("top-p", topP, topP > 0 && topP <= 1, "more than 0 and at most 1 (off)");
        check("min-p", minP, minP >= 0 && minP < 1, "0 (off) or more and less than 1");
        check("repetition penalty", repetitionPenalty,
                repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY, "more than 0; 1 is off");
        check("presence penalty", presencePenalty, Math.abs(presencePenalty) <= 2, "-2 to 2; 0 is off");
        check("frequency penalty", frequencyPenalty, Math.abs(frequencyPenalty) <= 2, "-2 to 2; 0 is off");
        check("penalty window", penaltyWindow, penaltyWindow >= 0 && penaltyWindow <= MAX_WINDOW, "0 to " + MAX_WINDOW);
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach((token, bias) -> {
            check("token of a logit bias", token, token >= 0, "0 or more");
            check("logit bias of token " + token, bias, bias < Float.POSITIVE_INFINITY, "a number, or -infinity");
        });
    }

    private static void check(String name, Number found, boolean holds, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": found " + found + ", expected " + expected);
        }
    }

    /// Temperature 0.8, top-k 40, top-p 0.95, min-p 0.05, no penalties.
    public static SamplingOptions defaults() {
        return new SamplingOptions(0.8f, 40, 0.95f, 0.05f, 1, 0, 0, 64, Map.of(), OptionalLong.empty());
    }

    /// Greedy decoding.
    public static SamplingOptions greedy() {
        return neutral().withTemperature(0);
    }

    /// The model's own distribution: temperature 1, no truncation, no penalties.
    public static SamplingOptions neutral() {
        return new SamplingOptions(1, 0, 1, 0, 1, 0, 0, 64, Map.of(), OptionalLong.empty());
    }

    public SamplingOptions withTemperature(float other) {
        return new SamplingOptions(other, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withTopK(int other) {
        return new SamplingOptions(temperature, other, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withTopP(float other) {
        return new SamplingOptions(temperature, topK, other, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withMinP(float other) {
        return new SamplingOptions(temperature, topK, topP, other, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withRepetitionPenalty(float other) {
        return new SamplingOptions(temperature, topK, topP, minP, other, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withPresencePenalty(float other) {
        return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty, other, frequencyPenalty,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withFrequencyPenalty(float other) {
        return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty, presencePenalty, other,
                penaltyWindow, logitBias, seed);
    }

    public SamplingOptions withPenaltyWindow(int other) {
        return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                other, logitBias, seed);
    }

    public SamplingOptions withLogitBias(Map<Integer, Float> other) {
        return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, other, seed);
    }

    public SamplingOptions withSeed(long other) {
        return withSeed(OptionalLong.of(other));
    }

    /// Each sampler gets a random seed of its own.
    public SamplingOptions withoutSeed() {
        return withSeed(OptionalLong.empty());
    }

    public SamplingOptions withSeed(OptionalLong other) {
        return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty,
                penaltyWindow, logitBias, other);
    }
}
