package glia.engine.schedule;

import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.tensor.Tensor;

/// The sampler that options describe, for one sample of a request.
final class SamplerOfOptions implements TokenSampler {
    /// Odd, so that the seeds of all samples differ, and not the step of `SplittableRandom` itself, with which samples
    /// would get each other's random numbers, shifted (the multiplier is of https://arxiv.org/abs/2001.05304).
    private static final long SEED_STEP = 0xD1342543DE82EF95L;

    private final Sampler sampler;

    private SamplerOfOptions(Sampler sampler) {
        this.sampler = sampler;
    }

    /// The request's own sampler, or one for its options.
    static TokenSampler of(GenerationRequest request, int sample, int vocabSize) {
        if (request.sampler().isPresent()) {
            return request.sampler().get().apply(sample);
        }
        SamplingOptions options = request.sampling();
        if (sample > 0 && options.seed().isPresent()) {
            options = options.withSeed(options.seed().getAsLong() + sample * SEED_STEP);
        }
        return new SamplerOfOptions(new Sampler(options, vocabSize));
    }

    @Override
    public int sample(Tensor logits, int row) {
        return sampler.sample(logits, row);
    }

    @Override
    public void accept(int token) {
        sampler.accept(token);
    }
}
