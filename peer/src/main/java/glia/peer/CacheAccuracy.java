package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.draft.DraftTokens;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.schedule.DecodeState;
import glia.engine.schedule.ModelRunner;
import glia.engine.state.CachePolicy;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.PageChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// How far the tokens after a long prompt stray from those with the whole KV cache in F32, by type of the cache, by
/// policy, with attention to chosen pages and with sparse prefill: the mean Kullback-Leibler divergence
/// `Σ p · (ln p - ln q)` of the next token's probabilities, how often both have the same best token, and the
/// perplexity. The text's own tokens follow, one by one. Arithmetic is exact.
public final class CacheAccuracy {
    private static final int DECODED = 128;

    private final int[] text;
    private final int prompt;
    private final int windows;
    /// By position, log-probabilities with the whole cache.
    private float[][] exact;

    private CacheAccuracy(int[] text, int prompt, int windows) {
        this.text = text;
        this.prompt = prompt;
        this.windows = windows;
    }

    /// Prints a row of a table for each setting.
    ///
    /// @param args the model, the text's file, tokens of a prompt, the number of prompts, and settings: a KV cache
    ///     type, `quest:BUDGET`, `sparse:SHARE`, `streaming:SINKS+WINDOW`, `snapkv:BUDGET` or `expected:BUDGET`
    public static void main(String[] args) throws Exception {
        if (args.length < 5) {
            System.err.println("usage: MODEL TEXT TOKENS PROMPTS SETTING...");
            System.exit(2);
        }
        Path path = Path.of(args[0]);
        LoadOptions options = LoadOptions.defaults().withPrecision(Precision.EXACT).withKeyValueType(KeyValueType.F32);
        CacheAccuracy accuracy;
        try (LanguageModel model = LanguageModel.load(path, options)) {
            accuracy = new CacheAccuracy(model.tokenizer().encode(Files.readString(Path.of(args[1])), true),
                    Integer.parseInt(args[2]), Integer.parseInt(args[3]));
            accuracy.exact = accuracy.logProbabilities(Runners.plain(model.engine()));
        }
        System.out.println("| KV cache | KL divergence | same best token | perplexity |\n|---|--:|--:|--:|");
        accuracy.print("all positions, f32", accuracy.exact);
        for (String setting : List.of(args).subList(4, args.length)) {
            try (LanguageModel model = LanguageModel.load(path, with(options, setting))) {
                Engine engine = model.engine();
                ModelRunner runner = policy(setting) == null ? Runners.plain(engine)
                        : Runners.of(engine, policy(setting), accuracy.prompt + DECODED);
                accuracy.print(setting, accuracy.logProbabilities(runner));
            }
        }
    }

    private static LoadOptions with(LoadOptions options, String setting) {
        String[] parts = setting.split(":");
        return switch (parts[0]) {
            case "quest" -> options.withPages(new PageChoice(64, Integer.parseInt(parts[1]), true));
            case "sparse" -> options.withPrefill(Double.parseDouble(parts[1]));
            case "streaming", "snapkv", "expected" -> options.withPolicy(policy(setting));
            default -> options.withKeyValueType(KeyValueType.named(setting).orElseThrow());
        };
    }

    private static CachePolicy policy(String setting) {
        String[] parts = setting.split("[:+]");
        return switch (parts[0]) {
            case "streaming" -> new CachePolicy.Streaming(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
            case "snapkv", "expected" -> new CachePolicy.Scored(CachePolicy.Scored.Method.valueOf(
                    parts[0].toUpperCase(Locale.ROOT)), Integer.parseInt(parts[1]));
            default -> null;
        };
    }

    private float[][] logProbabilities(ModelRunner runner) {
        float[][] rows = new float[windows * DECODED][];
        for (int window = 0; window < windows; window++) {
            int[] ids = window(window);
            try (DecodeState state = runner.open(false)) {
                while (state.length() < prompt) {
                    int at = state.length();
                    runner.prefill(state, new int[0], ids, at,
                            state.chunkEnd(Math.min(prompt, at + Engine.CHUNK_TOKENS)), ids.length);
                    runner.run();
                }
                for (int i = 0; i < DECODED; i++) {
                    runner.decode(state, ids[prompt + i], new DraftTokens());
                    rows[window * DECODED + i] = logProbabilities(runner.kernels(), runner.run());
                }
            }
        }
        return rows;
    }

    private int[] window(int number) {
        int from = number * ((text.length - prompt - DECODED - 1) / windows);
        return Arrays.copyOfRange(text, from, from + prompt + DECODED + 1);
    }

    private static float[] logProbabilities(Kernels kernels, Tensor logits) {
        double logSumExp = kernels.logSumExp(logits, 0);
        float[] row = logits.toArray();
        for (int i = 0; i < row.length; i++) {
            row[i] -= (float) logSumExp;
        }
        return row;
    }

    private void print(String setting, float[][] rows) {
        double divergence = 0;
        double loss = 0;
        int same = 0;
        for (int row = 0; row < rows.length; row++) {
            int best = 0;
            int exactBest = 0;
            for (int i = 0; i < rows[row].length; i++) {
                divergence += Math.exp(exact[row][i]) * (exact[row][i] - rows[row][i]);
                best = rows[row][i] > rows[row][best] ? i : best;
                exactBest = exact[row][i] > exact[row][exactBest] ? i : exactBest;
            }
            same += best == exactBest ? 1 : 0;
            loss -= rows[row][window(row / DECODED)[prompt + row % DECODED + 1]];
        }
        System.out.printf(Locale.ROOT, "| %s | %.5f | %.1f %% | %.3f |%n", setting, divergence / rows.length,
                100.0 * same / rows.length, Math.exp(loss / rows.length));
    }
}
