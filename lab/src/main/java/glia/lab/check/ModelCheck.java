package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.Pass.Outputs;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.spec.Attention;
import glia.model.spec.Head;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Compares a model with the `expected.safetensors` of its folder: logits of full-sequence, incremental, chunked and
/// batched evaluation, greedy text, loss and gradients.
public final class ModelCheck {
    /// Tokens of the prompt of greedy text.
    private static final int PROMPT = 8;
    /// Tolerances in F32.
    private static final double LOGITS = 1e-4;
    private static final double LOGITS_QUANTIZED = 1e-3;

    private final Engine engine;
    private final Expected expected;
    private double logitsTolerance;
    private final Consumer<CheckLine> lines;
    private final Differences differences;
    /// The sources of an encoder-decoder.
    private List<Input> sources = List.of();
    /// The texts with their pictures.
    private List<Input> inputs = List.of();

    private ModelCheck(Engine engine, Expected expected, boolean quantized, Consumer<CheckLine> lines) {
        this.engine = engine;
        this.expected = expected;
        this.logitsTolerance = quantized ? LOGITS_QUANTIZED : LOGITS;
        this.lines = lines;
        this.differences = new Differences(expected, logitsTolerance, lines);
    }

    /// Compares everything in the file of `folder` and reports each result.
    ///
    /// @throws CheckpointException if the file cannot be read or does not fit the model
    public static void run(Path folder, Engine engine, Consumer<CheckLine> lines) throws CheckpointException {
        Path file = folder.resolve("expected.safetensors");
        if (!Files.exists(file)) {
            throw new CheckpointException(file, "", "there is no such file; a folder to check holds the results of a "
                    + "reference implementation");
        }
        boolean quantized = engine.model().weights().all().values().stream().anyMatch(Weight::isQuantized);
        try (Expected expected = new Expected(file)) {
            expected.requireReadable(engine.model());
            if (engine.model().spec().diffusion().isPresent()) {
                new DiffusionCheck(folder, engine, expected, quantized ? LOGITS_QUANTIZED : LOGITS, lines).run();
                return;
            } else if (engine.model().spec().embedding().features().isPresent()) {
                new SoundCheck(folder, engine, expected).run(new Differences(expected, LOGITS, lines));
                return;
            }
            try (Engine fitting = engine.forContext(length(engine, expected))) {
                ModelCheck check = new ModelCheck(fitting, expected, quantized, lines);
                if (RetrievalCheck.applies(fitting, expected)) {
                    RetrievalCheck.run(folder, fitting, expected, check.differences);
                } else {
                    check.all(expected.has("token_type_ids")
                            && Config.read(folder.resolve("config.json")).flag("prefix_lm", false));
                }
            }
        }
    }

    /// The length of the texts, on which some rotary embeddings of the reference depend.
    private static int length(Engine engine, Expected expected) throws CheckpointException {
        String name = engine.model().spec().encoder().isPresent() ? "decoder_input_ids" : "input_ids";
        int[][] ids = expected.ids(expected.has(name) ? name : "doc_" + name);
        return ids.length == 0 ? 1 : ids[0].length;
    }

    /// @param hasPrefixes whether tokens of a type see each other in both directions
    private void all(boolean hasPrefixes) throws CheckpointException {
        boolean hasSources = engine.model().spec().encoder().isPresent();
        sources = hasSources ? expected.sources(engine.model().spec()) : List.of();
        int[][] texts = expected.ids(hasSources ? "decoder_input_ids" : "input_ids");
        if (hasSources && sources.size() != texts.length) {
            throw new CheckpointException(Path.of("expected.safetensors"), "decoder_input_ids", "has " + texts.length
                    + " rows, but there are " + sources.size() + " sources");
        }
        inputs = hasPrefixes ? expected.withPrefixes(texts)
                : expected.inputs(hasSources ? "decoder_input_ids" : "input_ids", engine);
        // With tokens of pictures in the place of placeholders.
        int[][] ids = inputs.stream().map(Input::ids).toArray(int[][]::new);
        Tensor logits = expected.reals("logits");
        if (engine.model().spec().head().matrix() == Head.Matrix.ABSENT) {
            throw new CheckpointException(Path.of("expected.safetensors"), "logits",
                    "the model has no head to compute them");
        }
        if (engine.model().spec().looksAhead()) {
            logits("logits, one text at a time", ids, logits, this::alone);
            logits("logits, " + ids.length + " texts in a batch", ids, logits, (all, out) ->
                    engine.read(texts(all), read -> {
                        take(read, all, out);
                        return null;
                    }));
            if (expected.has("loss")) {
                gradients(ids, ids);
            }
            return;
        }
        logitsTolerance = hasPictures() ? Differences.withPictures(logitsTolerance, engine, inputs) : logitsTolerance;
        logits("logits, full sequence", ids, logits, this::whole);
        logits("logits, incremental", ids, logits, (all, out) -> chunks(all, 1, out));
        for (int size : new int[] {3, 7}) {
            logits("logits, chunks of " + size, ids, logits, (all, out) -> chunks(all, size, out));
        }
        if (ids.length > 1) {
            logits("logits, " + ids.length + " sequences in a batch", ids, logits, this::together);
            logits("logits, prefill and decode mixed", ids, logits, this::staggered);
        }
        if (hasPictures()) {
            logits("logits, among other sequences", ids, logits, this::amongOthers);
        }
        if (hasPrefixes && expected.has("logits_causal")) {
            List<Input> prefixed = inputs;
            inputs = Arrays.stream(ids).map(Input::of).toList();
            logits("logits without prefixes", ids, expected.reals("logits_causal"), (all, out) -> chunks(all, 5, out));
            inputs = prefixed;
        }
        if (expected.has("greedy") && sources.isEmpty()) {
            greedy(expected.ids("greedy"));
        } else if (expected.has("greedy")) {
            greedyOfSources(expected.ids("greedy"));
        }
        if (expected.has("loss")) {
            gradients(ids, texts);
        }
    }

    /// Greedy text of each source after its first token. The difference is the number of tokens that differ.
    private void greedyOfSources(int[][] wanted) {
        int wrong = 0;
        for (int s = 0; s < wanted.length; s++) {
            try (Sequence sequence = engine.open()) {
                for (int i = 0; i + 1 < wanted[s].length; i++) {
                    add(sequence, s, wanted[s], i, i + 1);
                    Tensor logits = engine.run();
                    int best = 0;
                    for (int v = 1; v < logits.cols(); v++) {
                        best = logits.get(v) > logits.get(best) ? v : best;
                    }
                    wrong += best == wanted[s][i + 1] ? 0 : 1;
                }
            }
        }
        lines.accept(new CheckLine("greedy tokens", wrong, 0, ""));
    }

    /// A way to evaluate sequences, which passes the logits of each token to a collector.
    private interface Feed {
        void run(int[][] ids, Collector out);
    }

    /// Compares logits with the reference.
    private final class Collector {
        private final Tensor wanted;
        private final int numTokens;
        private double worst;
        private String where = "";
        private int count;

        Collector(Tensor wanted, int numTokens) {
            this.wanted = wanted;
            this.numTokens = numTokens;
        }

        void take(Tensor logits, int row, int sequence, int token) {
            int size = wanted.cols();
            long at = ((long) sequence * numTokens + token) * size;
            for (int v = 0; v < size; v++) {
                double d = Math.abs((double) logits.get((long) row * size + v) - wanted.get(at + v));
                if (d > worst || Double.isNaN(d)) {
                    worst = d;
                    where = "sequence " + sequence + ", token " + token + ", logit " + v;
                }
            }
            count++;
        }
    }

    private void logits(String what, int[][] ids, Tensor wanted, Feed feed) throws CheckpointException {
        int numTokens = ids[0].length;
        if (wanted.rows() != ids.length * numTokens || wanted.cols() != engine.model().spec().vocabSize()) {
            throw new CheckpointException(Path.of("expected.safetensors"), "logits", "is " + wanted
                    + ", expected [" + ids.length + ", " + numTokens + ", " + engine.model().spec().vocabSize() + "]");
        }
        Collector collector = new Collector(wanted, numTokens);
        feed.run(ids, collector);
        if (collector.count != ids.length * numTokens) {
            throw new IllegalStateException(what + " fed " + collector.count + " tokens");
        }
        lines.accept(new CheckLine(what, collector.worst, logitsTolerance, collector.where));
    }

    private void alone(int[][] ids, Collector out) {
        for (int s = 0; s < ids.length; s++) {
            int[] text = ids[s];
            int number = s;
            engine.read(new Pass().add(text, 0, text.length, 0, Outputs.ALL), logits -> {
                for (int i = 0; i < text.length; i++) {
                    out.take(logits, i, number, i);
                }
                return null;
            });
        }
    }

    /// Whole texts for one pass.
    private Pass texts(int[][] ids) {
        Pass pass = new Pass();
        for (int s = 0; s < ids.length; s++) {
            pass.add(ids[s], 0, ids[s].length, 0, Outputs.ALL);
            if (!sources.isEmpty()) {
                pass.from(sources.get(s));
            }
        }
        return pass;
    }

    private static void take(Tensor logits, int[][] ids, Collector out) {
        for (int row = 0; row < logits.rows(); row++) {
            out.take(logits, row, row / ids[0].length, row % ids[0].length);
        }
    }

    /// Adds tokens of text `s` to the pass, with its source before the first.
    private void add(Sequence sequence, int s, int[] ids, int from, int to) {
        if (!sources.isEmpty() && sequence.length() == 0) {
            engine.add(sequence, sources.get(s), ids, from, to, Outputs.ALL);
        } else {
            engine.add(sequence, ids, inputs.get(s).embedded(), from, to, Outputs.ALL);
        }
    }

    private boolean hasPictures() {
        return inputs.stream().anyMatch(input -> !input.embedded().isEmpty());
    }

    /// Chunks of five tokens, between a text that is prefilled and one that is decoded.
    private void amongOthers(int[][] ids, Collector out) {
        int[] other = new int[ids[0].length + 4];
        Arrays.fill(other, 1);
        for (int s = 0; s < ids.length; s++) {
            List<Sequence> sequences = open(3);
            for (int at = 0, to; at < ids[s].length; at = to) {
                to = end(s, at, Math.min(ids[s].length, at + 5));
                engine.add(sequences.get(0), other, 0, at == 0 ? 4 : 1, Outputs.NONE);
                add(sequences.get(1), s, ids[s], at, to);
                engine.add(sequences.get(2), other, 0, 1, Outputs.NONE);
                Tensor logits = engine.run();
                for (int i = at; i < to; i++) {
                    out.take(logits, i - at, s, i);
                }
            }
            sequences.forEach(Sequence::close);
        }
    }

    /// Where a chunk of text `s` may end.
    private int end(int s, int at, int to) {
        return Input.chunkEnd(inputs.get(s).embedded(), at, to);
    }

    private void whole(int[][] ids, Collector out) {
        chunks(ids, ids[0].length, out);
    }

    private void chunks(int[][] ids, int size, Collector out) {
        for (int s = 0; s < ids.length; s++) {
            try (Sequence sequence = engine.open()) {
                for (int at = 0, to; at < ids[s].length; at = to) {
                    to = end(s, at, Math.min(ids[s].length, at + size));
                    add(sequence, s, ids[s], at, to);
                    Tensor logits = engine.run();
                    for (int i = at; i < to; i++) {
                        out.take(logits, i - at, s, i);
                    }
                }
            }
        }
    }

    private void together(int[][] ids, Collector out) {
        List<Sequence> sequences = open(ids.length);
        for (int s = 0; s < ids.length; s++) {
            add(sequences.get(s), s, ids[s], 0, ids[s].length);
        }
        take(engine.run(), ids, out);
        sequences.forEach(Sequence::close);
    }

    /// Sequence s starts s passes late: while one is decoded, the next is prefilled with its first five tokens.
    private void staggered(int[][] ids, Collector out) {
        List<Sequence> sequences = open(ids.length);
        for (int step = 0; sequences.stream().anyMatch(q -> q.length() < ids[0].length); step++) {
            List<int[]> rows = new ArrayList<>();
            for (int s = 0; s < Math.min(ids.length, step + 1); s++) {
                int at = sequences.get(s).length();
                int to = end(s, at, Math.min(ids[s].length, at + (at == 0 ? 5 : 1)));
                if (at < to) {
                    add(sequences.get(s), s, ids[s], at, to);
                    for (int i = at; i < to; i++) {
                        rows.add(new int[] {s, i});
                    }
                }
            }
            Tensor logits = engine.run();
            for (int row = 0; row < rows.size(); row++) {
                out.take(logits, row, rows.get(row)[0], rows.get(row)[1]);
            }
        }
        sequences.forEach(Sequence::close);
    }

    private List<Sequence> open(int count) {
        List<Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sequences.add(engine.open());
        }
        return sequences;
    }

    /// Greedy text from the first eight tokens of each row on, up to a placeholder, which is the place of a picture and
    /// no text. The difference is the number of tokens that differ.
    /// The reference computes a text of LongRoPE again when it exceeds the original context, with the long factors, so
    /// its beginning is compared in an engine of that context.
    private void greedy(int[][] wanted) {
        int length = wanted[0].length;
        int beginning = Math.max(PROMPT, Math.min(length, originalContext()));
        try (Engine within = engine.forContext(beginning); Engine fitting = engine.forContext(length)) {
            greedy(within, fitting, beginning, wanted);
        }
    }

    private int originalContext() {
        return engine.model().spec().sublayers().stream().map(Sublayer::mixer)
                .map(mixer -> mixer instanceof Attention a && a.rope() instanceof Rope.Rotary r
                        && r.scaling() instanceof RopeScaling.LongRope l ? l.originalContext() : Integer.MAX_VALUE)
                .min(Integer::compare).orElse(Integer.MAX_VALUE);
    }

    private void greedy(Engine within, Engine fitting, int beginning, int[][] wanted) {
        int prompt = PROMPT;
        int wrong = 0;
        String where = "";
        for (int s = 0; s < wanted.length; s++) {
            int length = wanted[s].length;
            // The token after the last of the beginning still comes from the beginning alone.
            int[] first = TextCheck.GreedyDecoding.continueFrom(within, Arrays.copyOf(wanted[s], prompt),
                    Math.min(length, beginning + 1) - prompt, id -> false);
            int[] ids = Arrays.copyOf(wanted[s], prompt + first.length);
            System.arraycopy(first, 0, ids, prompt, first.length);
            int[] rest = TextCheck.GreedyDecoding.continueFrom(fitting, ids, length - ids.length, id -> false);
            int[] got = Arrays.copyOf(first, length - prompt);
            System.arraycopy(rest, 0, got, first.length, rest.length);
            for (int i = 0; i < Differences.textLength(engine, wanted[s]) - prompt; i++) {
                if (got[i] != wanted[s][prompt + i]) {
                    where = wrong == 0 ? "token " + (prompt + i) + " is " + got[i] + ", not " + wanted[s][prompt + i]
                            : where;
                    wrong++;
                }
            }
        }
        lines.accept(new CheckLine("greedy tokens", wrong, 0, where));
    }

    /// @param labels the texts with the placeholders of pictures
    private void gradients(int[][] ids, int[][] labels) throws CheckpointException {
        TokenBatch batch = Expected.batch(engine.model().spec(), ids, labels, inputs, sources);
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            boolean hasGradients = !expected.gradients().isEmpty();
            differences.loss(hasGradients ? training.loss(batch) : training.evaluate(batch, Loss.CROSS_ENTROPY));
            if (hasGradients) {
                differences.gradients(training.gradients());
            }
        }
    }
}
