package glia.engine.diffusion;

import glia.engine.pass.Engine;
import glia.model.block.EncodedPrefix;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Diffusion;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// Block diffusion with uniform noise. A block's canvas begins as random tokens. Each step samples a token for all of
/// its places, accepts those of least entropy while the sum of the smaller entropies is within the bound, and draws new
/// random tokens for all others; the model sees its own last probabilities (self-conditioning). The block is done when
/// its most probable tokens stay the same for some steps and the mean entropy is low, or when its steps have run out;
/// its most probable tokens are appended to the text.
public final class UniformDenoiser implements Denoiser {
    private final Engine engine;
    private final DiffusionOptions options;
    private final DiffusionNoise noise;
    private final int promptLength;
    private final int vocabSize;
    private final int canvasLength;
    private final int numBlocks;
    private final Arena arena = Arena.ofShared();
    private final Tensor probabilities;
    private final int[] canvas;
    private final int[] sampled;
    private final double[] entropies;
    private final boolean[] accepted;
    private final double[][] logits;
    private EncodedPrefix prefix;
    /// The text so far.
    private int[] text;
    private int[] argmax;
    private int block;
    private int stepOfBlock;
    private int numStable;
    private int numSteps;

    UniformDenoiser(Engine engine, Diffusion.Uniform kind, int[] prompt, int maxTokens, int vocabSize,
            DiffusionOptions options, DiffusionNoise noise) {
        this.engine = engine;
        this.options = options;
        this.noise = noise;
        int size = engine.model().spec().vocabSize();
        this.vocabSize = vocabSize == 0 ? size : Math.min(vocabSize, size);
        promptLength = prompt.length;
        text = prompt.clone();
        canvasLength = kind.canvasLength();
        numBlocks = Math.ceilDiv(maxTokens, canvasLength);
        canvas = new int[canvasLength];
        sampled = new int[canvasLength];
        argmax = new int[canvasLength];
        entropies = new double[canvasLength];
        accepted = new boolean[canvasLength];
        logits = new double[canvasLength][];
        probabilities = Tensor.allocate(arena, DType.F32, canvasLength, size);
    }

    @Override
    public void step() {
        if (isDone()) {
            throw new IllegalStateException("the canvas is done");
        }
        Pass pass = new Pass();
        if (stepOfBlock == 0) {
            closePrefix();
            prefix = engine.encode(text);
            draw(0, false);
        }
        noise.begin(block, stepOfBlock);
        pass.add(canvas, 0, canvasLength, 0, Outputs.ALL).after(prefix);
        if (stepOfBlock > 0) {
            pass.condition(probabilities);
        }
        engine.read(pass, found -> {
            for (int i = 0; i < canvasLength; i++) {
                logits[i] = MaskedDenoiser.row(found, i, found.cols());
            }
            return null;
        });
        int[] before = argmax.clone();
        predict(options.steps() - stepOfBlock);
        accept();
        stepOfBlock++;
        numSteps++;
        draw(stepOfBlock, true);
        numStable = stepOfBlock > 1 && Arrays.equals(before, argmax) ? numStable + 1 : 0;
        if (stepOfBlock == options.steps() || numStable >= options.stability()
                && Arrays.stream(entropies).average().orElse(0) < options.confidence()) {
            int length = text.length;
            text = Arrays.copyOf(text, length + canvasLength);
            System.arraycopy(argmax, 0, text, length, canvasLength);
            block++;
            stepOfBlock = 0;
            numStable = 0;
        }
    }

    /// @param left the steps that are left, this one included
    private void predict(int left) {
        double temperature = options.temperature()
                * (options.lowest() + (options.highest() - options.lowest()) * left / options.steps());
        for (int i = 0; i < canvasLength; i++) {
            double[] scaled = logits[i].clone();
            Arrays.fill(scaled, vocabSize, scaled.length, Double.NEGATIVE_INFINITY);
            double[] p = Probabilities.of(scaled, Math.max(temperature, 1e-4), 1, 0);
            int best = 0;
            double largest = -1;
            int most = 0;
            for (int v = 0; v < p.length; v++) {
                probabilities.set((long) i * p.length + v, (float) p[v]);
                most = p[v] > p[most] ? v : most;
                double score = p[v] / noise.exponential(i, v);
                if (score > largest) {
                    largest = score;
                    best = v;
                }
            }
            argmax[i] = most;
            sampled[i] = temperature == 0 ? most : best;
            entropies[i] = Probabilities.entropy(p);
        }
    }

    private void accept() {
        double smaller = 0;
        for (int i : Probabilities.ascending(entropies)) {
            accepted[i] = smaller <= options.entropyBound();
            smaller += entropies[i];
            canvas[i] = accepted[i] ? sampled[i] : canvas[i];
        }
    }

    /// Draws new tokens for all places, or for those that are not accepted.
    private void draw(int steps, boolean keepsAccepted) {
        for (int i = 0; i < canvasLength; i++) {
            int token = noise.token(block, steps, i, vocabSize);
            canvas[i] = keepsAccepted && accepted[i] ? canvas[i] : token;
            accepted[i] &= keepsAccepted;
        }
    }

    /// The logits of the last step, without temperature, `[canvas, V]`.
    public double[][] logits() {
        return logits;
    }

    /// The entropies of the last step, in nats.
    public double[] entropies() {
        return entropies;
    }

    /// The canvas after the last step, with new noise.
    public int[] canvas() {
        return canvas;
    }

    /// The most probable tokens of the last step.
    public int[] argmax() {
        return argmax;
    }

    /// The tokens that the last step sampled.
    public int[] sampled() {
        return sampled;
    }

    @Override
    public boolean isDone() {
        return block == numBlocks;
    }

    @Override
    public int[] tokens() {
        if (isDone() || stepOfBlock == 0) {
            return text.clone();
        }
        int[] all = Arrays.copyOf(text, text.length + canvasLength);
        System.arraycopy(argmax, 0, all, text.length, canvasLength);
        return all;
    }

    @Override
    public int numFinal() {
        return text.length - promptLength;
    }

    @Override
    public boolean isSet(int place) {
        return place < text.length || accepted[place - text.length];
    }

    @Override
    public int numSteps() {
        return numSteps;
    }

    private void closePrefix() {
        if (prefix != null) {
            prefix.close();
            prefix = null;
        }
    }

    @Override
    public void close() {
        closePrefix();
        arena.close();
    }
}
