package glia.engine.schedule;

import glia.engine.sampling.BatchSampler;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.engine.sampling.TokenSampler;
import glia.engine.steer.Steering;
import glia.model.block.Input;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/// A request to generate one or more samples that continue a prompt.
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

    /// Starts a request that continues a prompt.
    public static Builder of(int... prompt) {
        return new Builder(prompt);
    }

    /// Starts a request that continues a prompt with rows, such as pictures, in the place of some tokens.
    public static Builder of(Input prompt) {
        Builder builder = new Builder(prompt.ids());
        builder.embedded = prompt.embedded();
        return builder;
    }

    /// The rows in the prompt.
    List<Input.Embedded> embedded() {
        return values.embedded;
    }

    /// The prompt.
    int[] prompt() {
        return values.prompt;
    }

    /// The source of an encoder-decoder; empty without an encoder.
    int[] source() {
        return values.source;
    }

    /// Creates the sampler of a sample.
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

    boolean endsLoops() {
        return values.endsLoops;
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

    /// Requests share prefixes only with requests of the same key, adapter and control vectors.
    String cacheKey() {
        return values.adapter == 0 && values.steering.isNone() ? values.cacheKey
                : values.adapter + " " + values.steering.key() + "\0" + values.cacheKey;
    }

    Steering steering() {
        return values.steering;
    }

    int adapter() {
        return values.adapter;
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

    /// A token outside the vocabulary would fail a pass and all its sequences.
    void requireIds(int vocabSize) {
        requireIds("prompt", prompt(), vocabSize);
        requireIds("source", source(), vocabSize);
    }

    private static void requireIds(String what, int[] ids, int vocabSize) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabSize) {
                throw new IllegalArgumentException("token " + i + " of the " + what + " is " + ids[i]
                        + ", which is outside the vocabulary of " + vocabSize);
            }
        }
    }

    /// Builds a request.
    public static final class Builder {
        private final int[] prompt;
        private List<Input.Embedded> embedded = List.of();
        private int[] source = {};
        private SamplingOptions sampling = SamplingOptions.defaults();
        private Optional<IntFunction<TokenSampler>> sampler = Optional.empty();
        private int maxTokens;
        private int[] stopTokens = {};
        private boolean endsLoops;
        private int numSamples = 1;
        private int priority;
        private String fairnessKey = "";
        private String cacheKey = "";
        private int adapter;
        private Steering steering = Steering.NONE;
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
            embedded = of.embedded;
            source = of.source;
            sampling = of.sampling;
            sampler = of.sampler;
            maxTokens = of.maxTokens;
            stopTokens = of.stopTokens;
            endsLoops = of.endsLoops;
            numSamples = of.numSamples;
            priority = of.priority;
            fairnessKey = of.fairnessKey;
            cacheKey = of.cacheKey;
            adapter = of.adapter;
            steering = of.steering;
            timeout = of.timeout;
            numAlternatives = of.numAlternatives;
            mask = of.mask;
            listener = of.listener;
            session = of.session;
        }

        /// The source that the encoder of an encoder-decoder reads.
        public Builder source(int... ids) {
            source = ids.clone();
            return this;
        }

        /// Sampling options. With a seed, sample 0 has the tokens of a request for one sample, and the seeds of the
        /// other samples are derived from it.
        public Builder sampling(SamplingOptions options) {
            sampling = Objects.requireNonNull(options);
            return this;
        }

        /// A factory of samplers by sample number, which replaces `sampling`.
        public Builder sampler(IntFunction<TokenSampler> ofSample) {
            sampler = Optional.of(ofSample);
            return this;
        }

        /// A factory of token masks by sample number: the tokens that are allowed, such as those of a grammar.
        public Builder mask(IntFunction<TokenMask> ofSample) {
            mask = Optional.of(ofSample);
            return this;
        }

        /// The most tokens of a sample; 0: as many as the context holds.
        public Builder maxTokens(int most) {
            require("most tokens", most, most >= 0, "0 (no limit) or more");
            maxTokens = most;
            return this;
        }

        /// Stop tokens.
        public Builder stopTokens(Set<Integer> ids) {
            stopTokens = ids.stream().mapToInt(Integer::intValue).sorted().toArray();
            return this;
        }

        /// Ends a sample with [Finish#REPETITION] when it repeats the same up to 128 tokens 8 times, and for 256 tokens
        /// or more.
        public Builder endsLoops() {
            endsLoops = true;
            return this;
        }

        /// The number of samples, which share the prefill of the prompt.
        public Builder numSamples(int count) {
            require("samples", count, count >= 1, "1 or more");
            numSamples = count;
            return this;
        }

        /// Priority from -10 to 10, higher first. Lower ones are delayed, but not for ever.
        public Builder priority(int value) {
            require("priority", value, Math.abs(value) <= MAX_PRIORITY, "-10 to 10");
            priority = value;
            return this;
        }

        /// The user or tenant. Requests of the same priority take turns by this key.
        public Builder fairnessKey(String key) {
            fairnessKey = Objects.requireNonNull(key);
            return this;
        }

        /// The key of the prefix cache: only requests of the same key share prefixes. Without separate keys, the time
        /// to first token reveals whether another user has sent the same text.
        public Builder cacheKey(String key) {
            cacheKey = Objects.requireNonNull(key);
            return this;
        }

        /// The number of the adapter, for models that are loaded with several (`LanguageModel.adapter`); 0 for none.
        public Builder adapter(int number) {
            require("adapter", number, number >= 0, "0 (none) or more");
            adapter = number;
            return this;
        }

        /// The control vectors that are added to the residual stream of its tokens.
        public Builder steering(Steering vectors) {
            steering = Objects.requireNonNull(vectors);
            return this;
        }

        /// The longest time from submission to the end.
        public Builder timeout(Duration longest) {
            require("timeout", longest, longest.isPositive(), "more than 0");
            timeout = Optional.of(longest);
            return this;
        }

        /// Requests the log-probability of each token under the model's own distribution.
        ///
        /// @param alternatives number of most probable tokens to list with it, 0 for none
        public Builder logProbabilities(int alternatives) {
            require("alternatives", alternatives, alternatives >= 0, "0 or more");
            numAlternatives = alternatives;
            return this;
        }

        public Builder listener(TokenListener receiver) {
            listener = Objects.requireNonNull(receiver);
            return this;
        }

        /// The session whose KV cache is reused where the prompt begins with its tokens, and which keeps the new ones.
        public Builder session(Session of) {
            session = Optional.of(of);
            return this;
        }

        /// @throws IllegalArgumentException if the prompt is empty, or a session has several samples
        public GenerationRequest build() {
            if (prompt.length == 0) {
                throw new IllegalArgumentException("a prompt of no tokens: there is nothing to continue");
            }
            if (session.isPresent() && numSamples > 1) {
                throw new IllegalArgumentException("a session holds one sample, not " + numSamples);
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
