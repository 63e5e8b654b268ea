package glia.engine.diffusion;

import glia.engine.pass.Engine;
import glia.model.spec.Diffusion;

/// Generates a text by denoising a canvas. Each `step` is one evaluation of the model, or two with guidance. For one
/// thread.
///
/// A token is **final** when neither it nor a token before it can change any more: with masks, when it and all tokens
/// before it are set; with uniform noise, when its block is done.
public sealed interface Denoiser extends AutoCloseable permits MaskedDenoiser, UniformDenoiser {
    /// A sampler of the model's kind.
    ///
    /// @param maxTokens the tokens to generate
    /// @param vocabSize the tokens below this id, except a mask, may be generated; 0 for all, a mask too, as the
    ///     samplers of the models' authors do
    /// @throws IllegalArgumentException if the model is no text diffusion model
    static Denoiser of(Engine engine, int[] prompt, int maxTokens, int vocabSize, DiffusionOptions options,
            DiffusionNoise noise) {
        Diffusion kind = engine.model().spec().diffusion().orElseThrow(() -> new IllegalArgumentException(
                "the model is no text diffusion model"));
        return switch (kind) {
            case Diffusion.Masked masked -> new MaskedDenoiser(engine, masked, prompt, maxTokens, vocabSize, options,
                    noise);
            case Diffusion.Uniform uniform -> new UniformDenoiser(engine, uniform, prompt, maxTokens, vocabSize,
                    options, noise);
        };
    }

    /// The number of tokens of a canvas for a number of generated ones: whole blocks.
    static int canvasLength(Diffusion kind, DiffusionOptions options, int maxTokens) {
        boolean isWhole = kind instanceof Diffusion.Masked masked && masked.isShifted();
        int block = isWhole ? maxTokens : Math.min(options.blockLength(),
                kind instanceof Diffusion.Uniform ? Integer.MAX_VALUE : maxTokens);
        return Math.multiplyExact(Math.ceilDiv(maxTokens, block), block);
    }

    /// Denoises by one step.
    ///
    /// @throws IllegalStateException if it is done
    void step();

    /// Whether all tokens are final.
    boolean isDone();

    /// The prompt, the generated tokens and the canvas.
    int[] tokens();

    /// The number of generated tokens that are final.
    int numFinal();

    /// Whether a token is set, or was accepted in the last step, though it may not be final.
    boolean isSet(int place);

    /// The steps so far.
    int numSteps();

    /// Frees the memory of what stands before the canvas.
    @Override
    default void close() { }
}
