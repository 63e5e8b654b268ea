package glia.lab.check;

import glia.engine.embedding.EmbeddingConfig;
import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.block.Input;
import glia.model.layout.Pooling;
import glia.model.layout.SparsePooling;
import glia.model.layout.TokenVectors;
import glia.model.spec.ModelSpec;
import glia.model.spec.Tower;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Compares retrievers, rerankers and classifiers with the `expected.safetensors` of their folder. Texts are given with
/// padding and a mask; here they have none. The tensors of the file decide the kind of the model and its loss:
///
/// - `labels` and `logits` of a classifier: logits, `scores` (sigmoids of one label); binary cross-entropy of labels
///   between 0 and 1, else cross-entropy.
/// - `embeddings`: embeddings, those cut to 16 values, similarities, last hidden states; cross-entropy of the first
///   half against the second with temperature 0.05.
/// - `yes_no`: last logits, scores (the probability of "yes" against "no"); its cross-entropy.
/// - `doc_embeddings`: token vectors, MaxSim scores; their cross-entropy.
/// - `logits_per_image`: embeddings of texts and pictures, logits of all pairs; the mean cross-entropy of both
///   directions, or where there is a bias of logits that of sigmoids, summed over the pairs of a text.
/// - `doc_reps`: sparse vectors, scores, FLOPS; cross-entropy of the scores and 0.01 FLOPS.
final class RetrievalCheck {
    private static final double TEMPERATURE = 0.05;
    private static final double FLOPS = 0.01;
    private static final int CUT = 16;

    private final Path folder;
    private final Engine engine;
    private final Expected expected;
    /// The results by their names in the file.
    private final Map<String, float[]> found = new LinkedHashMap<>();

    private RetrievalCheck(Path folder, Engine engine, Expected expected) {
        this.folder = folder;
        this.engine = engine;
        this.expected = expected;
    }

    /// Whether a file is that of such a model.
    static boolean applies(Engine engine, Expected expected) {
        return expected.has("logits_per_image") || expected.has("yes_no")
                || expected.has("embeddings") || expected.has("doc_embeddings")
                || expected.has("doc_reps") || engine.model().spec().head().classes().isPresent();
    }

    /// Compares everything in the file.
    static void run(Path folder, Engine engine, Expected expected, Differences differences)
            throws CheckpointException {
        new RetrievalCheck(folder, engine, expected).run(differences);
    }

    private void run(Differences differences) throws CheckpointException {
        TokenBatch batch = new TokenBatch();
        Loss loss = expected.has("logits_per_image") ? pairs(batch)
                : expected.has("doc_reps") ? sparse(batch) : expected.has("doc_embeddings") ? lateInteraction(batch)
                : expected.has("yes_no") ? answers(batch) : expected.has("embeddings") ? embeddings(batch)
                : classes(batch);
        boolean hasGradients = !expected.gradients().isEmpty();
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            double value = hasGradients ? training.loss(batch, loss) : training.evaluate(batch, loss);
            for (Map.Entry<String, float[]> entry : found.entrySet()) {
                if (expected.has(entry.getKey())) {
                    differences.numbers(entry.getKey(), entry.getValue(), expected.reals(entry.getKey()));
                }
            }
            if (expected.has("loss")) {
                differences.loss(value);
            }
            if (hasGradients) {
                differences.gradients(training.gradients());
            }
        }
    }

    /// The tokens of a text without padding, on whichever side it is.
    private int[][] texts(String prefix) throws CheckpointException {
        int[][] ids = expected.ids(prefix + "input_ids");
        if (!expected.has(prefix + "attention_mask")) {
            return ids;
        }
        int[][] mask = expected.ids(prefix + "attention_mask");
        int[][] texts = new int[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            int[] row = ids[i];
            int[] kept = mask[i];
            texts[i] = IntStream.range(0, row.length).filter(n -> kept[n] != 0).map(n -> row[n]).toArray();
        }
        return texts;
    }

    private void keep(String name, Value value) {
        found.put(name, value.tensor().toArray());
    }

    private static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    /// The mean cross-entropy of a label for each row of logits.
    private static Value crossEntropy(Value logits, int[] labels) {
        return logits.logSoftmax().pick(labels).mean().times(-1);
    }

    private Loss classes(TokenBatch batch) throws CheckpointException {
        int[][] texts = texts("");
        int[][] segments = expected.has("token_type_ids") ? expected.ids("token_type_ids") : new int[texts.length][0];
        for (int i = 0; i < texts.length; i++) {
            batch.addWhole(texts[i]);
            int second = (int) Arrays.stream(segments[i]).limit(texts[i].length).filter(s -> s == 1).count();
            if (second > 0) {
                batch.segment(second, 1);
            }
        }
        boolean isOne = engine.model().spec().head().classes().orElseThrow().size() == 1;
        float[] targets = isOne ? expected.reals("labels").toArray() : new float[0];
        int[] labels = isOne ? new int[0] : expected.numbers("labels");
        return p -> {
            Value logits = p.scores();
            keep("logits", logits);
            keep("scores", logits.logSigmoid().exp());
            return isOne ? binary(logits, targets) : crossEntropy(logits, labels);
        };
    }

    /// `-mean(y · ln σ(x) + (1 - y) · ln(1 - σ(x)))`
    private static Value binary(Value logits, float[] targets) {
        float[] others = new float[targets.length];
        for (int i = 0; i < targets.length; i++) {
            others[i] = 1 - targets[i];
        }
        return logits.logSigmoid().times(logits.constant(targets))
                .plus(logits.times(-1).logSigmoid().times(logits.constant(others))).mean().times(-1);
    }

    private Loss embeddings(TokenBatch batch) throws CheckpointException {
        int[][] texts = texts("");
        Arrays.stream(texts).forEach(batch::addWhole);
        Pooling pooling = EmbeddingConfig.of(folder, engine.model()).pooling();
        int half = texts.length / 2;
        return p -> {
            Value pooled = p.pooled(pooling);
            Value vectors = pooled.unitRows();
            keep("embeddings", vectors);
            keep("embeddings_16", cut(pooled).unitRows());
            keep("similarities", vectors.dots(vectors));
            if (expected.has("last_hidden_state")) {
                found.put("last_hidden_state", padded(p.hidden().tensor(), texts));
            }
            return crossEntropy(vectors.rows(range(0, half)).dots(vectors.rows(range(half, 2 * half)))
                    .times(1 / TEMPERATURE), range(0, half));
        };
    }

    private static Value cut(Value vectors) {
        int[] columns = IntStream.range(0, vectors.tensor().rows() * CUT).map(i -> i % CUT).toArray();
        return vectors.tensor().cols() > CUT ? vectors.pick(columns) : vectors;
    }

    /// Rows of texts, with zeros for padding behind them.
    private float[] padded(Tensor rows, int[][] texts) {
        int longest = Arrays.stream(texts).mapToInt(t -> t.length).max().orElse(0);
        float[] all = new float[texts.length * longest * rows.cols()];
        float[] packed = rows.toArray();
        int from = 0;
        for (int i = 0; i < texts.length; i++) {
            System.arraycopy(packed, from, all, i * longest * rows.cols(), texts[i].length * rows.cols());
            from += texts[i].length * rows.cols();
        }
        return all;
    }

    private Loss answers(TokenBatch batch) throws CheckpointException {
        int[][] texts = texts("");
        int[] last = new int[texts.length];
        for (int i = 0; i < texts.length; i++) {
            batch.addWhole(texts[i]);
            last[i] = batch.numRows() - 1;
        }
        int[] words = expected.numbers("yes_no");
        int[] labels = expected.numbers("labels");
        int[] columns = IntStream.range(0, 2 * texts.length).map(i -> words[1 - i % 2]).toArray();
        return p -> {
            Value logits = p.logits(last);
            keep("last_logits", logits);
            Value noAndYes = logits.pick(columns);
            keep("scores", noAndYes.logSoftmax().column(1).exp());
            return crossEntropy(noAndYes, labels);
        };
    }

    private Loss pairs(TokenBatch batch) throws CheckpointException {
        ModelSpec spec = engine.model().spec();
        Tower.Step.Compared compared = spec.towers().stream().flatMap(t -> t.compared().stream()).findFirst()
                .orElseThrow(() -> new CheckpointException(folder, "logits_per_image",
                        "the model does not compare texts with pictures"));
        int[][] texts = texts("");
        int[] ends = new int[texts.length];
        for (int i = 0; i < texts.length; i++) {
            ends[i] = batch.numRows() + compared.place(texts[i]);
            batch.addWhole(texts[i]);
        }
        List<Input.Rows> pictures = expected.pictures(spec);
        int[] own = range(0, texts.length);
        return p -> {
            Value ofTexts = p.logits(ends).unitRows();
            Value ofPictures = p.encoded(pictures);
            Value perText = p.compared(ofTexts, ofPictures);
            Value perPicture = p.compared(ofPictures, ofTexts);
            keep("text_embeds", ofTexts);
            keep("image_embeds", ofPictures);
            keep("logits_per_text", perText);
            keep("logits_per_image", perPicture);
            if (!expected.has("attention_mask")) {
                keep("text_last_hidden_state", p.hidden());
            }
            if (!compared.biased()) {
                return crossEntropy(perText, own).plus(crossEntropy(perPicture, own)).times(0.5);
            }
            Value pairs = perText.pick(own);
            return pairs.logSigmoid().minus(pairs.times(-1).logSigmoid()).sum()
                    .plus(perText.times(-1).logSigmoid().sum()).times(-1.0 / texts.length);
        };
    }

    /// Adds queries, whose hidden tokens the mask leaves out, then documents.
    private int[][] addQueries(TokenBatch batch) throws CheckpointException {
        int[][] queries = expected.ids("query_input_ids");
        int[][] texts = texts("query_");
        for (int i = 0; i < queries.length; i++) {
            batch.addWhole(queries[i]).hide(queries[i].length - texts[i].length);
        }
        return queries;
    }

    private Loss lateInteraction(TokenBatch batch) throws CheckpointException {
        int[][] queries = addQueries(batch);
        int[][] documents = texts("doc_");
        Arrays.stream(documents).forEach(batch::addWhole);
        boolean[][] kept = expected.flags("doc_keep");
        int[] labels = expected.numbers("labels");
        int from = Arrays.stream(queries).mapToInt(q -> q.length).sum();
        int[] numbers = new int[batch.numRows() - from];
        int row = 0;
        for (int d = 0; d < documents.length; d++) {
            for (int n = 0; n < documents[d].length; n++) {
                numbers[row++] = kept[d][n] ? d : -1;
            }
        }
        return p -> {
            Value vectors = p.logits().unitRows();
            Value all = vectors.rows(range(from, from + numbers.length));
            found.put("query_embeddings", padded(vectors.rows(range(0, from)).tensor(), queries));
            found.put("doc_embeddings", documents(all.tensor(), documents, kept));
            return maxSim(vectors, queries, all, numbers, labels);
        };
    }

    private float[] documents(Tensor vectors, int[][] documents, boolean[][] kept) {
        float[] all = padded(vectors, documents);
        int size = vectors.cols();
        for (int i = 0; i < all.length / size; i++) {
            if (!kept[i / kept[0].length][i % kept[0].length]) {
                Arrays.fill(all, i * size, (i + 1) * size, 0);
            }
        }
        return all;
    }

    private Value maxSim(Value vectors, int[][] queries, Value documents, int[] numbers, int[] labels) {
        int count = Arrays.stream(numbers).max().orElse(0) + 1;
        float[] scores = new float[queries.length * count];
        Value loss = null;
        int from = 0;
        for (int q = 0; q < queries.length; q++) {
            Value query = vectors.rows(range(from, from + queries[q].length));
            from += queries[q].length;
            Value column = TokenVectors.scores(query, documents, numbers, count);
            System.arraycopy(column.tensor().toArray(), 0, scores, q * count, count);
            Value one = column.exp().sum().log().minus(column.rows(labels[q]));
            loss = loss == null ? one : loss.plus(one);
        }
        found.put("scores", scores);
        return loss.times(1.0 / queries.length);
    }

    private Loss sparse(TokenBatch batch) throws CheckpointException {
        int[][] queries = texts("query_");
        int[][] documents = texts("doc_");
        Arrays.stream(queries).forEach(batch::addWhole);
        Arrays.stream(documents).forEach(batch::addWhole);
        int[] labels = expected.numbers("labels");
        SparsePooling pooling = EmbeddingConfig.sparse(folder, engine.model())
                .orElse(SparsePooling.MAX);
        int count = batch.numSequences();
        return p -> {
            Value vectors = pooling.of(p.logits(), batch.sequences(), count);
            Value ofQueries = vectors.rows(range(0, queries.length));
            Value ofDocuments = vectors.rows(range(queries.length, count));
            Value scores = ofQueries.dots(ofDocuments);
            Value flops = flops(ofQueries).plus(flops(ofDocuments));
            keep("query_reps", ofQueries);
            keep("doc_reps", ofDocuments);
            keep("scores", scores);
            keep("flops", flops);
            return crossEntropy(scores, labels).plus(flops.times(FLOPS));
        };
    }

    /// The FLOPS regularizer ([Paria et al.](https://arxiv.org/abs/2004.05665)): `Σ_j (mean_i w_ij)²`.
    private static Value flops(Value vectors) {
        int rows = vectors.tensor().rows();
        return vectors.groupSums(new int[rows], 1).times(1.0 / rows).square().sum();
    }
}
