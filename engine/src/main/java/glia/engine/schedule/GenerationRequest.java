package glia.engine.schedule;

import glia.engine.sampling.BatchSampler;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.engine.sampling.TokenSampler;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/// What a caller wants from a model: texts that follow a prompt, and how.
///
/// ```java
/// GenerationRequest.of(prompt).maxTokens(100).numSamples(4).build()
/// ```
public final class GenerationRequest {
    /// Priorities are from `-MAX_PRIORITY` to `MAX_PRIORITY`.
    public static final int MAX_PRIORITY = 10;

    /// Odd, so that the seeds of all samples differ, and not the step of `SplittableRandom` itself, with which samples
    /// would get each other's random numbers, shifted (the multiplier is of https://arxiv.org/abs/2001.05304).
    private static final long SEED_STEP = 0xD1342543DE82EF95L;

    private final Builder values;

    private GenerationRequest(Builder values) {
        this.values = values;
    }

    /// Begins a request to continue a prompt.
    public static Builder of(int... prompt) {
        return new Builder(prompt);
    }

    /// The tokens that are continued.
    int[] prompt() {
        return values.prompt;
    }

    /// What an encoder reads; empty without one.
    int[] source() {
        return values.source;
    }

    /// Makes what chooses the tokens of a sample.
    TokenSampler sampler(int sample, int vocabSize) {
        if (values.sampler.isPresent()) {
            return values.sampler.get().apply(sample);
        }
        SamplingOptions options = values.sampling;
        if (sample > 0 && options.seed().isPresent()) {
            options = options.withSeed(options.seed().getAsLong() + sample * SEED_STEP);
        }
        return new Sampler(options, vocabSize, values.mask.isPresent() ? values.mask.get().apply(sample) : null);
    }

    int maxTokens() {
        return values.maxTokens;
    }

    boolean isStop(int token) {
        return Arrays.binarySearch(values.stopTokens, token) >= 0;
    }

    int numSamples() {
        return values.numSamples;
    }

    int priority() {
        return values.priority;
    }

    String fairnessKey() {
        return values.fairnessKey;
    }

    /// Texts begin only with what others of the same key have computed.
    String cacheKey() {
        return values.cacheKey;
    }

    Optional<Duration> timeout() {
        return values.timeout;
    }

    int numAlternatives() {
        return values.numAlternatives;
    }

    TokenListener listener() {
        return values.listener;
    }

    Optional<Session> session() {
        return values.session;
    }

    /// Puts a request together.
    public static final class Builder {
        private final int[] prompt;
        private int[] source = {};
        private SamplingOptions sampling = SamplingOptions.defaults();
        private Optional<IntFunction<TokenSampler>> sampler = Optional.empty();
        private int maxTokens;
        private int[] stopTokens = {};
        private int numSamples = 1;
        private int priority;
        private String fairnessKey = "";
        private String cacheKey = "";
        private Optional<Duration> timeout = Optional.empty();
        private int numAlternatives = BatchSampler.NO_LOG_PROBABILITIES;
        private Optional<IntFunction<TokenMask>> mask = Optional.empty();
        private TokenListener listener = TokenListener.NONE;
        private Optional<Session> session = Optional.empty();

        private Builder(int[] prompt) {
            this.prompt = prompt.clone();
        }

        private Builder(Builder of) {
            prompt = of.prompt;
            source = of.source;
            sampling = of.sampling;
            sampler = of.sampler;
            maxTokens = of.maxTokens;
            stopTokens = of.stopTokens;
            numSamples = of.numSamples;
            priority = of.priority;
            fairnessKey = of.fairnessKey;
            cacheKey = of.cacheKey;
            timeout = of.timeout;
            numAlternatives = of.numAlternatives;
            mask = of.mask;
            listener = of.listener;
            session = of.session;
        }

        /// The text that an encoder reads first.
        public Builder source(int... ids) {
            source = ids.clone();
            return this;
        }

        /// How tokens are chosen. With a seed, sample 0 gets the tokens of a request for one sample, and the others
        /// have seeds that follow from it.
        public Builder sampling(SamplingOptions options) {
            sampling = Objects.requireNonNull(options);
            return this;
        }

        /// Makes the sampler of each sample, in place of the one that `sampling` describes.
        public Builder sampler(IntFunction<TokenSampler> ofSample) {
            sampler = Optional.of(ofSample);
            return this;
        }

        /// Makes the mask of each sample, which says what tokens are allowed.
        public Builder mask(IntFunction<TokenMask> ofSample) {
            mask = Optional.of(ofSample);
            return this;
        }

        /// The most tokens of a text; 0: as many as the context holds.
        public Builder maxTokens(int most) {
            require("most tokens", most, most >= 0, "0 (no limit) or more");
            maxTokens = most;
            return this;
        }

        /// Tokens that end a text.
        public Builder stopTokens(Set<Integer> ids) {
            stopTokens = ids.stream().mapToInt(Integer::intValue).sorted().toArray();
            return this;
        }

        /// How many texts are wanted. The prompt is computed once for all.
        public Builder numSamples(int count) {
            require("samples", count, count >= 1, "1 or more");
            numSamples = count;
            return this;
        }

        /// Higher ones go first, from -10 to 10. Lower ones wait longer, but not for ever.
        public Builder priority(int value) {
            require("priority", value, Math.abs(value) <= MAX_PRIORITY, "-10 to 10");
            priority = value;
            return this;
        }

        /// Whom the request is for. Requests of the same priority take turns by this key, however many each has.
        public Builder fairnessKey(String key) {
            fairnessKey = Objects.requireNonNull(key);
            return this;
        }

        /// Whose computed prefixes may be reused, and who may reuse those of this request: how fast an answer begins
        /// tells whether somebody has sent the same text before.
        public Builder cacheKey(String key) {
            cacheKey = Objects.requireNonNull(key);
            return this;
        }

        /// The time from submission after which the texts end as they are.
        public Builder timeout(Duration longest) {
            require("timeout", longest, longest.isPositive(), "more than 0");
            timeout = Optional.of(longest);
            return this;
        }

        /// Wants the log-probability of each token, under the model's own distribution.
        ///
        /// @param alternatives how many of the most probable tokens are named with it, 0 for none
        public Builder logProbabilities(int alternatives) {
            require("alternatives", alternatives, alternatives >= 0, "0 or more");
            numAlternatives = alternatives;
            return this;
        }

        public Builder listener(TokenListener hears) {
            listener = Objects.requireNonNull(hears);
            return this;
        }

        /// The session whose tokens are reused where the prompt begins with them, and which remembers the text.
        public Builder session(Session of) {
            session = Optional.of(of);
            return this;
        }

        /// @throws IllegalArgumentException if there is nothing to continue, or several samples in one session
        public GenerationRequest build() {
            if (prompt.length == 0) {
                throw new IllegalArgumentException("a prompt of no tokens: there is nothing to continue");
            }
            if (session.isPresent() && numSamples > 1) {
                throw new IllegalArgumentException("a session remembers one text, not " + numSamples);
            }
            return new GenerationRequest(new Builder(this));
        }

        private static void require(String name, Object found, boolean holds, String expected) {
            if (!holds) {
                throw new IllegalArgumentException(name + ": found " + found + ", expected " + expected);
            }
        }
    }
}
