package glia.lab.check;

import glia.engine.diffusion.Denoiser;
import glia.engine.diffusion.DiffusionNoise;
import glia.engine.diffusion.DiffusionOptions;
import glia.engine.diffusion.MaskedDenoiser;
import glia.engine.diffusion.UniformDenoiser;
import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Diffusion;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Compares text diffusion models with the `expected.safetensors` of their folder: logits of noisy texts, loss,
/// gradients, and, with the settings of `sampler.json` and the noise of the file, each step of the sampler.
final class DiffusionCheck {
    private final Path folder;
    private final Engine engine;
    private final Expected expected;
    private final double tolerance;
    private final Consumer<CheckLine> lines;
    private final Differences differences;
    private double worst;
    private int numWrong;
    private String where = "";

    DiffusionCheck(Path folder, Engine engine, Expected expected, double tolerance, Consumer<CheckLine> lines) {
        this.folder = folder;
        this.engine = engine;
        this.expected = expected;
        this.tolerance = tolerance;
        this.lines = lines;
        this.differences = new Differences(expected, tolerance, lines);
    }

    void run() throws CheckpointException {
        Diffusion kind = engine.model().spec().diffusion().orElseThrow();
        Config sampler = Config.read(folder.resolve("sampler.json"));
        if (kind instanceof Diffusion.Masked masked) {
            masked(masked);
            for (String name : sampler.keys()) {
                masked(masked, name, sampler.child(name));
            }
        } else {
            canvases();
            sampler(sampler);
        }
    }

    // ---- masks ---------------------------------------------------------------------------------------------------

    /// `Σ CE / p` over the masked tokens, divided by the number of all tokens.
    private void masked(Diffusion.Masked kind) throws CheckpointException {
        int[][] clean = expected.ids("input_ids");
        int[][] noisy = expected.ids("noisy_input_ids");
        Tensor ratios = expected.reals(expected.has("p_mask") ? "p_mask" : "mask_ratio");
        TokenBatch batch = new TokenBatch();
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        List<Float> weights = new ArrayList<>();
        for (int s = 0; s < noisy.length; s++) {
            int first = batch.numRows();
            batch.addWhole(noisy[s]);
            for (int i = 0; i < noisy[s].length; i++) {
                if (noisy[s][i] == kind.maskToken()) {
                    rows.add(first + (kind.isShifted() ? Math.max(0, i - 1) : i));
                    targets.add(clean[s][i]);
                    weights.add(1 / ratios.get(s));
                }
            }
        }
        int[] places = rows.stream().mapToInt(Integer::intValue).toArray();
        int[] ids = targets.stream().mapToInt(Integer::intValue).toArray();
        float[] factors = new float[weights.size()];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = weights.get(i);
        }
        compare(batch, p -> {
            Value picked = p.logits(places).logSoftmax().pick(ids);
            return picked.times(p.constant(factors)).sum().times(-1.0 / batch.numTokens());
        }, "logits");
    }

    /// Compares logits, loss and gradients of a batch.
    private void compare(TokenBatch batch, Loss loss, String logits) throws CheckpointException {
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            float[][] found = new float[1][];
            Loss kept = p -> {
                found[0] = p.logits().tensor().toArray();
                return loss.of(p);
            };
            boolean hasGradients = !expected.gradients().isEmpty() && logits.equals("logits");
            double value = hasGradients ? training.loss(batch, kept) : training.evaluate(batch, kept);
            differences.numbers(logits, found[0], expected.reals(logits));
            if (logits.equals("logits")) {
                differences.loss(value);
            }
            if (hasGradients) {
                differences.gradients(training.gradients());
            }
        }
    }

    private void masked(Diffusion.Masked kind, String name, Config settings) throws CheckpointException {
        int[] prompt = expected.ids(name + ".prompt")[0];
        int[][] canvases = expected.ids(name + ".canvas");
        int length = canvases[0].length;
        Tensor logits = expected.reals(name + ".logits");
        Tensor ofTokens = found(name, "gumbel_uniform", "exponential");
        Tensor ofPlaces = found(name, "confidence_uniform", "transfer_uniform", "position_exponential");
        int[] step = new int[1];
        DiffusionNoise noise = new DiffusionNoise() {
            @Override
            public double uniform(int place, int token) {
                long at = (long) step[0] * length + place;
                return token < 0 ? ofPlaces.get(at) : ofTokens.get(at * logits.cols() + token);
            }

            @Override
            public double exponential(int place, int token) {
                return uniform(place, token);
            }

            @Override
            public int token(int block, int stepOfBlock, int place, int vocabSize) {
                throw new IllegalStateException("masks are no random tokens");
            }
        };
        DiffusionOptions options = DiffusionOptions.read(settings, kind);
        begin();
        MaskedDenoiser denoiser = (MaskedDenoiser) Denoiser.of(engine, prompt, length - prompt.length, 0, options,
                noise);
        for (; step[0] < canvases.length && !denoiser.isDone(); step[0]++) {
            denoiser.step();
            for (int i = 0; i < denoiser.places().length; i++) {
                long row = (long) step[0] * length + denoiser.places()[i];
                compare(denoiser.logits()[i], logits, row, name + ", step " + step[0]);
            }
            compare(denoiser.tokens(), canvases[step[0]], name + ", step " + step[0]);
        }
        compare(denoiser.tokens(), expected.ids(name + ".output")[0], name + ", end");
        report("sampler " + name + ", " + canvases.length + " steps");
    }

    private Tensor found(String name, String... noises) throws CheckpointException {
        for (String noise : noises) {
            if (expected.has(name + "." + noise)) {
                return expected.reals(name + "." + noise);
            }
        }
        return null;
    }

    // ---- uniform noise -------------------------------------------------------------------------------------------

    private void canvases() throws CheckpointException {
        int[][] prompts = expected.ids("input_ids");
        int[][] canvases = expected.ids("decoder_input_ids");
        int[][] labels = expected.ids("labels");
        Tensor before = expected.reals("self_conditioning_logits");
        int[] isConditioned = expected.bytes("self_conditioning_mask");
        int vocab = engine.model().spec().vocabSize();
        try (Arena arena = Arena.ofConfined()) {
            Tensor p = Tensor.allocate(arena, DType.F32, canvases.length * canvases[0].length, vocab);
            for (int row = 0; row < p.rows(); row++) {
                double[] exp = new double[vocab];
                for (int v = 0; v < vocab; v++) {
                    exp[v] = Math.exp(before.get((long) row * vocab + v));
                }
                double sum = Arrays.stream(exp).sum();
                for (int v = 0; v < vocab; v++) {
                    p.set((long) row * vocab + v, (float) (exp[v] / sum) * isConditioned[row / canvases[0].length]);
                }
            }
            for (String name : List.of("first_logits", "logits")) {
                TokenBatch batch = new TokenBatch();
                for (int s = 0; s < canvases.length; s++) {
                    float[] ones = new float[labels[s].length];
                    Arrays.fill(ones, 1);
                    batch.addTargets(canvases[s], labels[s], ones).from(prompts[s]);
                }
                compare(name.equals("logits") ? batch.condition(p) : batch, Loss.CROSS_ENTROPY, name);
            }
        }
    }

    private void sampler(Config settings) throws CheckpointException {
        int[][] prompts = expected.ids("gen.input_ids");
        int[] blocks = expected.numbers("gen.block");
        int rows = prompts.length;
        int length = ((Diffusion.Uniform) engine.model().spec().diffusion().orElseThrow()).canvasLength();
        int vocab = engine.model().spec().vocabSize();
        int[] canvasNoise = expected.numbers("gen.noise.canvas");
        Tensor exponential = expected.reals("gen.noise.exponential");
        int[] starts = new int[blocks.length + 1];
        for (int block : blocks) {
            for (int later = block + 1; later < starts.length; later++) {
                starts[later]++;
            }
        }
        begin();
        for (int r = 0; r < rows; r++) {
            int row = r;
            int[] step = new int[1];
            DiffusionNoise noise = new DiffusionNoise() {
                @Override
                public void begin(int block, int stepOfBlock) {
                    step[0] = starts[block] + stepOfBlock;
                }

                @Override
                public double uniform(int place, int token) {
                    throw new IllegalStateException("uniform numbers are not used");
                }

                @Override
                public double exponential(int place, int token) {
                    return exponential.get((((long) step[0] * rows + row) * length + place) * vocab + token);
                }

                @Override
                public int token(int block, int stepOfBlock, int place, int vocabSize) {
                    return canvasNoise[((starts[block] + block + stepOfBlock) * rows + row) * length + place];
                }
            };
            try (UniformDenoiser denoiser = (UniformDenoiser) Denoiser.of(engine, prompts[r],
                    settings.positive("max_new_tokens"), 0, DiffusionOptions.read(settings,
                    engine.model().spec().diffusion().orElseThrow()), noise)) {
                sampler(denoiser, row, prompts[r].length, settings, blocks);
            }
        }
        report("sampler, " + blocks.length + " steps of " + rows + " texts");
    }

    private void sampler(UniformDenoiser denoiser, int row, int promptLength, Config settings, int[] blocks)
            throws CheckpointException {
        boolean[][] finished = expected.flags("gen.finished");
        int length = denoiser.canvas().length;
        int rows = finished[0].length;
        int end = settings.integer("eos_token_id");
        boolean isEnded = false;
        for (int s = 0; s < blocks.length && !isEnded; s++) {
            if (s > 0 && blocks[s] == blocks[s - 1] && finished[s - 1][row]) {
                continue;
            }
            String what = "text " + row + ", step " + s;
            denoiser.step();
            int first = (s * rows + row) * length;
            for (int i = 0; i < length; i++) {
                compare(denoiser.logits()[i], expected.reals("gen.logits"), first + i, what);
            }
            compare(denoiser.entropies(), expected.reals("gen.entropy"), first / length, what + ", entropy");
            compare(denoiser.sampled(), part("gen.sampled", first, length), what + ", sampled");
            compare(denoiser.argmax(), part("gen.argmax", first, length), what + ", argmax");
            if (!finished[s][row]) {
                compare(denoiser.canvas(), part("gen.canvas_out", first, length), what + ", canvas");
            }
            boolean isLast = s + 1 == blocks.length || blocks[s + 1] != blocks[s];
            if (denoiser.isDone() != (isLast && blocks[s] == blocks[blocks.length - 1])
                    && denoiser.numFinal() != (blocks[s] + 1) * length) {
                numWrong += finished[s][row] || isLast ? 1 : 0;
            }
            isEnded = Arrays.stream(denoiser.tokens(), promptLength, promptLength + denoiser.numFinal())
                    .anyMatch(t -> t == end);
        }
        int[] wanted = expected.ids("gen.sequences")[row];
        int[] found = Arrays.copyOf(denoiser.tokens(), wanted.length);
        boolean isAfter = false;
        for (int i = promptLength; i < found.length; i++) {
            found[i] = isAfter ? settings.integer("pad_token_id") : found[i];
            isAfter |= found[i] == end;
        }
        compare(found, wanted, "text " + row);
    }

    private int[] part(String name, int from, int count) throws CheckpointException {
        return Arrays.copyOfRange(expected.numbers(name), from, from + count);
    }

    // ---- comparisons ---------------------------------------------------------------------------------------------

    private void begin() {
        worst = 0;
        numWrong = 0;
        where = "";
    }

    private void compare(double[] found, Tensor wanted, long row, String what) {
        for (int v = 0; v < found.length; v++) {
            double difference = Math.abs(found[v] - wanted.get(row * found.length + v));
            if (difference > worst || Double.isNaN(difference)) {
                worst = difference;
                where = numWrong == 0 ? what : where;
            }
        }
    }

    private void compare(int[] found, int[] wanted, String what) {
        if (!Arrays.equals(found, wanted)) {
            where = numWrong == 0 ? what : where;
            numWrong++;
        }
    }

    private void report(String what) {
        lines.accept(new CheckLine(what + ", logits", worst, tolerance, where));
        lines.accept(new CheckLine(what + ", canvases", numWrong, 0, where));
    }
}
