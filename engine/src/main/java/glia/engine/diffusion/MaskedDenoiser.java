package glia.engine.diffusion;

import glia.engine.pass.Engine;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Diffusion;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Masked diffusion: the canvas begins as masks, each step predicts all of them and sets some, which stay.
///
/// In blocks ([LLaDA](https://arxiv.org/abs/2502.09992)): a token is `argmax l - T ln(-ln U)`, its confidence is the
/// probability without temperature or a random number, and the masks of a block are divided evenly among its steps.
/// By a schedule ([Dream](https://arxiv.org/abs/2508.15487)): at times t from 1 to eps a share `1 - s/t` of the masks
/// is set, at random (`origin`) or the most certain by probability, margin or entropy.
public final class MaskedDenoiser implements Denoiser {
    private final Engine engine;
    private final Diffusion.Masked kind;
    private final DiffusionOptions options;
    private final DiffusionNoise noise;
    private final int[] tokens;
    private final int promptLength;
    private final int vocabSize;
    /// The token that is never generated.
    private final int excluded;
    private final int blockLength;
    private final int stepsOfBlock;
    private int step;
    private int masksOfBlock;
    private int[] places = {};
    private double[][] logits = {};

    MaskedDenoiser(Engine engine, Diffusion.Masked kind, int[] prompt, int maxTokens, int vocabSize,
            DiffusionOptions options, DiffusionNoise noise) {
        this.engine = engine;
        this.kind = kind;
        this.options = options;
        this.noise = noise;
        int size = engine.model().spec().vocabSize();
        this.vocabSize = vocabSize == 0 ? size : Math.min(vocabSize, size);
        excluded = vocabSize == 0 ? -1 : kind.maskToken();
        promptLength = prompt.length;
        int length = Denoiser.canvasLength(kind, options, maxTokens);
        tokens = Arrays.copyOf(prompt, prompt.length + length);
        Arrays.fill(tokens, prompt.length, tokens.length, kind.maskToken());
        blockLength = kind.isShifted() ? length : Math.min(options.blockLength(), maxTokens);
        int numBlocks = length / blockLength;
        int steps = options.steps() == 0 ? length : options.steps();
        stepsOfBlock = Math.max(1, kind.isShifted() ? steps : Math.min(blockLength, Math.ceilDiv(steps, numBlocks)));
    }

    @Override
    public void step() {
        if (isDone()) {
            throw new IllegalStateException("the canvas is done");
        }
        int block = step / stepsOfBlock;
        int at = step % stepsOfBlock;
        int from = promptLength + block * blockLength;
        places = IntStream.range(from, from + blockLength).filter(i -> tokens[i] == kind.maskToken()).toArray();
        masksOfBlock = at == 0 ? places.length : masksOfBlock;
        step++;
        if (places.length == 0) {
            return;
        }
        noise.begin(block, at);
        logits = evaluate(tokens);
        if (options.cfgScale() > 0) {
            int[] unconditional = tokens.clone();
            Arrays.fill(unconditional, 0, promptLength, kind.maskToken());
            double[][] u = evaluate(unconditional);
            for (int i = 0; i < u.length; i++) {
                for (int v = 0; v < u[i].length; v++) {
                    logits[i][v] = u[i][v] + (options.cfgScale() + 1) * (logits[i][v] - u[i][v]);
                }
            }
        }
        if (kind.isShifted()) {
            scheduled(at);
        } else {
            int count = masksOfBlock / stepsOfBlock + (at < masksOfBlock % stepsOfBlock ? 1 : 0);
            inBlock(count);
        }
    }

    /// The logits at all places.
    private double[][] evaluate(int[] ids) {
        // Shifted logits of a place are those of the place before.
        int[] rows = Arrays.stream(places).map(i -> kind.isShifted() ? Math.max(0, i - 1) : i).toArray();
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.NONE).want(rows);
        return engine.read(pass, found -> {
            double[][] all = new double[rows.length][];
            for (int i = 0; i < rows.length; i++) {
                all[i] = row(found, i, found.cols());
            }
            return all;
        });
    }

    static double[] row(Tensor logits, int row, int size) {
        double[] values = new double[size];
        for (int v = 0; v < size; v++) {
            values[v] = logits.get((long) row * logits.cols() + v);
        }
        return values;
    }

    private void inBlock(int count) {
        int[] found = new int[places.length];
        double[] confidence = new double[places.length];
        for (int i = 0; i < places.length; i++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < vocabSize; v++) {
                double score = options.temperature() == 0 ? logits[i][v]
                        : logits[i][v] - options.temperature() * Math.log(-Math.log(noise.uniform(places[i], v)));
                if (score > best && v != excluded) {
                    best = score;
                    found[i] = v;
                }
            }
            confidence[i] = options.remasking().equals("random")
                    ? noise.uniform(places[i], DiffusionNoise.NO_TOKEN)
                    : Probabilities.of(logits[i])[found[i]];
        }
        set(found, Probabilities.largest(confidence, count));
    }

    private void scheduled(int at) {
        double t = time(at);
        double share = at == stepsOfBlock - 1 ? 1 : 1 - time(at + 1) / t;
        int[] found = new int[places.length];
        double[] confidence = new double[places.length];
        boolean isOrigin = options.remasking().equals("origin");
        boolean[] chosen = new boolean[places.length];
        for (int i = 0; i < places.length; i++) {
            chosen[i] = isOrigin && noise.uniform(places[i], DiffusionNoise.NO_TOKEN) < share;
            double[] p = Probabilities.of(logits[i].clone(), options.temperature(), options.topP(), options.topK());
            found[i] = sample(p, places[i]);
            confidence[i] = switch (options.remasking()) {
                case "topk_margin" -> Probabilities.margin(p);
                case "entropy" -> Probabilities.negativeEntropy(p);
                default -> p[found[i]];
            };
        }
        if (isOrigin) {
            set(found, IntStream.range(0, places.length).filter(i -> chosen[i]).toArray());
            return;
        }
        int count = (int) (places.length * share);
        if (options.algTemperature() > 0) {
            for (int i = 0; i < places.length; i++) {
                confidence[i] /= options.algTemperature();
            }
            confidence = Probabilities.of(confidence);
            for (int i = 0; i < places.length; i++) {
                confidence[i] /= noise.exponential(places[i], DiffusionNoise.NO_TOKEN);
            }
        }
        set(found, Probabilities.largest(confidence, count));
    }

    private int sample(double[] p, int place) {
        int best = -1;
        double largest = -1;
        for (int v = 0; v < Math.min(p.length, vocabSize); v++) {
            double score = options.temperature() == 0 ? p[v] : p[v] / noise.exponential(place, v);
            if (score > largest && v != excluded) {
                largest = score;
                best = v;
            }
        }
        return best;
    }

    /// The time at a step, from 1 to eps.
    private double time(int at) {
        return 1 + (options.eps() - 1) * at / stepsOfBlock;
    }

    private void set(int[] found, int[] chosen) {
        for (int i : chosen) {
            tokens[places[i]] = found[i];
        }
    }

    /// The places that the last step predicted.
    public int[] places() {
        return places;
    }

    /// Their logits, with guidance and shifted.
    public double[][] logits() {
        return logits;
    }

    @Override
    public boolean isDone() {
        return step == (tokens.length - promptLength) / blockLength * stepsOfBlock || numSet() == tokens.length;
    }

    @Override
    public int[] tokens() {
        return tokens;
    }

    @Override
    public int numFinal() {
        return (isDone() ? tokens.length : numSet()) - promptLength;
    }

    /// The number of tokens before the first mask of the canvas.
    private int numSet() {
        int end = promptLength;
        while (end < tokens.length && tokens[end] != kind.maskToken()) {
            end++;
        }
        return end;
    }

    @Override
    public boolean isSet(int place) {
        return tokens[place] != kind.maskToken();
    }

    @Override
    public int numSteps() {
        return step;
    }
}
