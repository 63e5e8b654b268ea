package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.Pass;
import glia.model.spec.RopeChange;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.SparsePrompts;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// Sparse prefill of a whole model beside dense prefill: a long text is read with chosen pages, and at each depth the
/// next chunk is read several times with chosen pages and with all, in turns. Prints the processor times of both on one
/// thread, their sums over all chunks until there (by lines between the depths), the share of pages, the attention that
/// is lost, and the divergence of the next token's probabilities after the chunk, `Σ p · (ln p - ln q)`, p with all
/// pages.
public final class SparsePrefillAccuracy {
    private static final int CHUNK = Engine.CHUNK_TOKENS;
    private static final int LEAST_DEPTH = 4096;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private SparsePrefillAccuracy() { }

    /// Prints a row of a table for each depth.
    ///
    /// @param args the model, the text's file (repeated if it is short), the most tokens, the share of attention
    ///     wanted, how often a chunk is read each way, the type of the KV cache, and maybe a factor of YaRN
    public static void main(String[] args) throws Exception {
        if (args.length < 6) {
            System.err.println("usage: MODEL TEXT TOKENS SHARE TIMES TYPE [YARN]");
            System.exit(2);
        }
        int most = Integer.parseInt(args[2]);
        LoadOptions options = new LoadOptions(1, most + CHUNK, "auto", Precision.FAST)
                .withPrefill(Double.parseDouble(args[3])).withKeyValueType(KeyValueType.named(args[5]).orElseThrow());
        if (args.length > 6) {
            options = options.withRope(Optional.of(new RopeChange(RopeChange.Kind.YARN, Double.parseDouble(args[6]),
                    OptionalInt.empty())));
        }
        try (LanguageModel model = LanguageModel.load(Path.of(args[0]), options)) {
            int[] text = model.tokenizer().encode(Files.readString(Path.of(args[1])), true);
            int[] ids = new int[most + CHUNK];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = text[i % text.length];
            }
            measure(model.engine(), ids, most, Integer.parseInt(args[4]));
        }
    }

    private static void measure(Engine engine, int[] ids, int most, int times) {
        SparsePrompts sparse = engine.ops().sparsePrompts().orElseThrow();
        System.out.println("| tokens before | chunk, all pages | chosen pages | ratio | prefill until there, all pages "
                + "| chosen pages | ratio | pages | lost | KL divergence |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        double[] sums = new double[2];
        double[] previous = new double[2];
        int last = 0;
        try (Sequence sequence = engine.open()) {
            for (int depth = 0; depth <= most; depth = Math.max(LEAST_DEPTH, 2 * depth)) {
                for (int at = sequence.length(); at < depth; at += CHUNK) {
                    read(engine, sequence, ids, at);
                }
                double[][] seconds = new double[2][times];
                float[][] logits = new float[2][];
                sparse.takeFigures();
                for (int time = 0; time < 2 * times; time++) {
                    engine.ops().sparsePrompts(time % 2 == 0 ? null : sparse);
                    long start = THREADS.getCurrentThreadCpuTime();
                    logits[time % 2] = read(engine, sequence, ids, depth);
                    seconds[time % 2][time / 2] = (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
                    sequence.truncate(depth);
                }
                double[] now = {median(seconds[0]), median(seconds[1])};
                for (int way = 0; way < 2; way++) {
                    sums[way] += (previous[way] + now[way]) / 2 * (depth - last) / CHUNK;
                }
                Optional<SparsePrompts.Figures> figures = sparse.takeFigures();
                System.out.printf(Locale.ROOT, "| %d | %.2f s | %.2f s | %.1f | %.0f s | %.0f s | %.1f | %s | %.5f |%n",
                        depth, now[0], now[1], now[0] / now[1], sums[0], sums[1], sums[0] / sums[1],
                        figures.map(f -> String.format(Locale.ROOT, "%.1f %% | %.2f %%", 100 * f.pages(),
                                100 * f.lost())).orElse("– | –"), divergence(logits[0], logits[1]));
                previous = now;
                last = depth;
            }
        }
    }

    private static float[] read(Engine engine, Sequence sequence, int[] ids, int at) {
        engine.add(sequence, ids, at, at + CHUNK, Pass.Outputs.LAST);
        return engine.run().toArray();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double divergence(float[] dense, float[] sparse) {
        double[] sums = new double[2];
        double difference = 0;
        for (float[] logits : List.of(dense, sparse)) {
            for (float logit : logits) {
                sums[logits == dense ? 0 : 1] += Math.exp(logit);
            }
        }
        for (int i = 0; i < dense.length; i++) {
            difference += Math.exp(dense[i]) / sums[0] * (dense[i] - sparse[i]);
        }
        return difference - Math.log(sums[0]) + Math.log(sums[1]);
    }
}
