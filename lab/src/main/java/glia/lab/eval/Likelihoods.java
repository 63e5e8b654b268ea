package glia.lab.eval;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.engine.schedule.Scheduler;
import glia.engine.score.PromptScorer;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Log-probabilities of given tokens under a model. Contexts are computed once for all their continuations; several are
/// computed in one pass.
final class Likelihoods {
    private static final int PASS_TOKENS = 1024;
    /// Numbers in the logits of a pass.
    private static final int MAX_LOGITS = 1 << 24;
    private static final int LEAST_ROWS = 16;
    private static final int MOST_ROWS = 512;

    private final Engine engine;
    private final Scheduler scheduler;
    private final int contextLength;
    private final int maxRows;

    /// A context and what may follow it.
    ///
    /// @param context at least one token
    /// @param continuations each of at least one token
    record Request(int[] context, List<int[]> continuations) {
        int rows() {
            return continuations.stream().mapToInt(c -> c.length).sum();
        }
    }

    Likelihoods(LanguageModel model) {
        engine = model.engine();
        scheduler = model.scheduler();
        contextLength = model.contextLength();
        ModelSpec spec = engine.model().spec();
        PromptScorer.requireTokens(spec);
        if (spec.encoder().isPresent() || spec.looksAhead()) {
            throw new IllegalArgumentException("the model is no decoder, and only decoders have likelihoods of texts");
        }
        maxRows = Math.clamp(MAX_LOGITS / engine.model().spec().vocabSize(), LEAST_ROWS, MOST_ROWS);
    }

    /// The most tokens of a context and its continuation together; the last one is predicted only.
    int maxTokens() {
        return contextLength + 1;
    }

    /// How many of the requests, from the first on, are computed at a time.
    int batch(List<Request> requests) {
        int tokens = 0;
        int rows = 0;
        for (int i = 0; i < requests.size(); i++) {
            tokens += requests.get(i).context().length;
            rows += requests.get(i).rows();
            if (i > 0 && (tokens > PASS_TOKENS || rows > maxRows)) {
                return i;
            }
        }
        return requests.size();
    }

    /// The sum of the log-probabilities of the tokens of each continuation, by request and continuation. Texts that are
    /// generated meanwhile wait.
    double[][] sums(List<Request> requests) {
        return scheduler.inTurn("", () -> computed(requests));
    }

    private double[][] computed(List<Request> requests) {
        List<Sequence> open = new ArrayList<>();
        try {
            for (Request request : requests) {
                Sequence sequence = engine.open();
                open.add(sequence);
                prefill(sequence, request.context(), request.context().length - 1);
            }
            runPending();
            return continuations(requests, open);
        } finally {
            engine.discard();
            open.forEach(Sequence::close);
        }
    }

    private int pending;

    private void prefill(Sequence sequence, int[] context, int count) {
        for (int from = 0; from < count;) {
            int to = Math.min(count, from + PASS_TOKENS - pending);
            if (to > from) {
                engine.add(sequence, context, from, to, Outputs.NONE);
                pending += to - from;
                from = to;
            }
            if (pending == PASS_TOKENS) {
                runPending();
            }
        }
    }

    private void runPending() {
        if (pending > 0) {
            pending = 0;
            engine.run();
        }
    }

    /// One continuation in a pass.
    private record Part(Sequence sequence, int request, int continuation) { }

    private double[][] continuations(List<Request> requests, List<Sequence> contexts) {
        double[][] sums = new double[requests.size()][];
        List<Part> parts = new ArrayList<>();
        int rows = 0;
        for (int r = 0; r < requests.size(); r++) {
            Request request = requests.get(r);
            sums[r] = new double[request.continuations().size()];
            for (int c = 0; c < sums[r].length; c++) {
                int length = request.continuations().get(c).length;
                if (rows + length > maxRows && !parts.isEmpty()) {
                    run(requests, parts, sums);
                    rows = 0;
                }
                // A sequence without tokens has no state to share.
                Sequence sequence = request.context().length > 1 ? contexts.get(r).fork() : engine.open();
                parts.add(new Part(sequence, r, c));
                rows += length;
            }
        }
        run(requests, parts, sums);
        return sums;
    }

    private void run(List<Request> requests, List<Part> parts, double[][] sums) {
        try {
            if (parts.size() == 1) {
                Part part = parts.getFirst();
                int[] ids = ids(requests, part);
                sums[part.request()][part.continuation()] = sum(part.sequence(), ids, 0);
                return;
            }
            for (Part part : parts) {
                int[] ids = ids(requests, part);
                engine.add(part.sequence(), ids, 0, ids.length - 1, Outputs.ALL);
            }
            Tensor logits = engine.run();
            int row = 0;
            for (Part part : parts) {
                int[] ids = ids(requests, part);
                double sum = 0;
                for (int i = 1; i < ids.length; i++) {
                    sum += logProbability(logits, row++, ids[i]);
                }
                sums[part.request()][part.continuation()] = sum;
            }
        } finally {
            parts.forEach(part -> part.sequence().close());
            parts.clear();
        }
    }

    /// The last token of the context and the continuation.
    private static int[] ids(List<Request> requests, Part part) {
        int[] context = requests.get(part.request()).context();
        int[] continuation = requests.get(part.request()).continuations().get(part.continuation());
        int[] ids = new int[continuation.length + 1];
        ids[0] = context[context.length - 1];
        System.arraycopy(continuation, 0, ids, 1, continuation.length);
        return ids;
    }

    /// The sum of the log-probabilities of `ids(first, end)`, of tokens that follow a sequence, in pieces.
    private double sum(Sequence sequence, int[] ids, int first) {
        double sum = 0;
        for (int from = first; from < ids.length - 1; from += maxRows) {
            int to = Math.min(ids.length - 1, from + maxRows);
            engine.add(sequence, ids, from, to, Outputs.ALL);
            Tensor logits = engine.run();
            for (int i = from; i < to; i++) {
                sum += logProbability(logits, i - from, ids[i + 1]);
            }
        }
        return sum;
    }

    private double logProbability(Tensor logits, int row, int token) {
        return logits.get((long) row * logits.cols() + token) - engine.ops().kernels().logSumExp(logits, row);
    }

    /// The log-probability of a whole text: windows of at most `window` tokens that do not overlap in what they
    /// predict; each has as much context as fits, and the first begins with `prefix`.
    double rolling(int prefix, int[] tokens, int window) {
        double sum = 0;
        for (int from = 0; from < tokens.length; from += window) {
            int to = Math.min(tokens.length, from + window);
            // The inputs: the window's last tokens, and one before them for the first prediction.
            int start = Math.max(-1, to - window - 1);
            int[] ids = new int[to - start];
            ids[0] = start < 0 ? prefix : tokens[start];
            System.arraycopy(tokens, start + 1, ids, 1, ids.length - 1);
            int first = from - start - 1;
            sum += scheduler.inTurn("", () -> window(ids, first));
        }
        return sum;
    }

    private double window(int[] ids, int first) {
        try (Sequence sequence = engine.open()) {
            prefill(sequence, Arrays.copyOf(ids, first), first);
            runPending();
            return sum(sequence, ids, first);
        }
    }
}
