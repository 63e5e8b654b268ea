package glia.serve.embedding;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.embedding.LateInteractionConfig;
import glia.engine.embedding.RelevanceJudge;
import glia.engine.embedding.SparseEmbedder.TokenWeight;
import glia.engine.embedding.SparseEmbedder;
import glia.engine.embedding.TokenEmbedder;
import glia.engine.score.Classifier;
import glia.io.CheckpointException;
import glia.model.layout.TokenVectors;
import glia.serve.request.ServeException;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// How relevant documents are to a query: by a cross-encoder, which reads both, by the vectors of tokens (ColBERT), by
/// sparse vectors (SPLADE), by a language model's answer, or else by the cosine of embeddings.
public final class Reranker {
    private final LanguageModel model;
    private final String key;

    /// Relevances and what they took.
    ///
    /// @param scores by document, in their order
    /// @param tokens tokens that were read
    public record Relevance(double[] scores, int tokens) { }

    /// @param key whose documents they are: callers take turns by key
    public Reranker(LanguageModel model, String key) {
        this.model = model;
        this.key = key;
    }

    /// The relevance of documents.
    ///
    /// @param goesOn called between passes: false ends the work
    /// @throws ServeException if the model is a classifier of more than two classes
    /// @throws CheckpointException if the model's files of sentence-transformers cannot be used
    public Relevance relevance(String query, List<String> documents, BooleanSupplier goesOn)
            throws CheckpointException {
        if (model.model().spec().head().classes().isPresent()) {
            return classified(query, documents, goesOn);
        }
        if (LateInteractionConfig.describes(model.model())) {
            return interacting(query, documents, goesOn);
        }
        if (EmbeddingConfig.sparse(model.path(), model.model()).isPresent()) {
            return sparse(query, documents, goesOn);
        }
        Optional<RelevanceJudge> judge = EmbeddingConfig.of(model.path(), model.model()).isStated() ? Optional.empty()
                : RelevanceJudge.of(model);
        return judge.isPresent() ? judged(judge.get(), query, documents, goesOn)
                : embedded(query, documents, goesOn);
    }

    private Relevance interacting(String query, List<String> documents, BooleanSupplier goesOn)
            throws CheckpointException {
        TokenEmbeddings vectors = new TokenEmbeddings(model);
        List<TokenEmbedder.Input> inputs = new ArrayList<>(List.of(vectors.encode(query, true)));
        documents.forEach(document -> inputs.add(vectors.encode(document, false)));
        List<float[][]> all = vectors.embed(inputs, key, goesOn);
        double[] scores = new double[documents.size()];
        for (int i = 0; i < scores.length && all.get(i + 1) != null; i++) {
            scores[i] = TokenVectors.score(all.getFirst(), all.get(i + 1));
        }
        return new Relevance(scores, inputs.stream().mapToInt(input -> input.ids().length).sum());
    }

    private Relevance sparse(String query, List<String> documents, BooleanSupplier goesOn)
            throws CheckpointException {
        SparseEmbeddings embeddings = new SparseEmbeddings(model);
        List<Embedder.Input> inputs = new ArrayList<>(List.of(embeddings.encode(query)));
        documents.forEach(document -> inputs.add(embeddings.encode(document)));
        List<List<TokenWeight>> all = embeddings.embed(inputs, key, goesOn);
        double[] scores = new double[documents.size()];
        for (int i = 0; i < scores.length && all.get(i + 1) != null; i++) {
            scores[i] = SparseEmbedder.score(all.getFirst(), all.get(i + 1));
        }
        return new Relevance(scores, inputs.stream().mapToInt(input -> input.ids().length).sum());
    }

    private Relevance judged(RelevanceJudge judge, String query, List<String> documents, BooleanSupplier goesOn) {
        double[] scores = new double[documents.size()];
        int tokens = 0;
        for (int i = 0; i < scores.length && goesOn.getAsBoolean(); i++) {
            String document = documents.get(i);
            int[] question = HeavyWork.run(query.length() + document.length(), () -> judge.question(query, document));
            scores[i] = judge.probability(question, key, goesOn);
            tokens += question.length;
        }
        return new Relevance(scores, tokens);
    }

    private Relevance classified(String query, List<String> documents, BooleanSupplier goesOn) {
        Classifier classifier = new Classifier(model);
        int size = classifier.classes().size();
        if (size > 2) {
            throw ServeException.badField("model", "found a classifier of " + size + " classes, expected one with a "
                    + "single score, one of two classes, or a model for embeddings");
        }
        int[] first = HeavyWork.run(query.length(), () -> first(model, query));
        if (first.length >= model.contextLength()) {
            throw ServeException.badField("query", "found " + first.length + " tokens or more, expected less than "
                    + model.contextLength());
        }
        double[] scores = new double[documents.size()];
        int tokens = 0;
        for (int i = 0; i < scores.length && goesOn.getAsBoolean(); i++) {
            String document = documents.get(i);
            int[] pair = HeavyWork.run(document.length(), () -> pair(model.tokenizer(), first, document,
                    model.contextLength()));
            double[] values = classifier.scores(pair, first.length, key, goesOn);
            if (values == null) {
                break;
            }
            // One score: its sigmoid. Two classes: the softmax of the second, which is the sigmoid of the difference.
            scores[i] = 1 / (1 + Math.exp(size == 1 ? -values[0] : values[0] - values[1]));
            tokens += pair.length;
        }
        return new Relevance(scores, tokens);
    }

    /// The tokens of a query before a document.
    private static int[] first(LanguageModel model, String query) {
        Tokenizer tokenizer = model.tokenizer();
        int[] ids = tokenizer.encodePlain(tokenizer.beginning(query, model.contextLength()), true);
        int[] more = tokenizer.beforeSecond();
        int[] all = Arrays.copyOf(ids, ids.length + more.length);
        System.arraycopy(more, 0, all, ids.length, more.length);
        return all;
    }

    /// The tokens of a pair: those of the query, then those of the document without the token that begins a text. A
    /// document that is too long loses its last tokens, but not the special token after them.
    static int[] pair(Tokenizer tokenizer, int[] query, String document, int most) {
        int[] second = tokenizer.encodePlain(tokenizer.beginning(document, most), true);
        int from = second.length > 0 && query.length > 0 && second[0] == query[0] && tokenizer.isSpecial(second[0])
                ? 1 : 0;
        int length = Math.min(second.length - from, most - query.length);
        int[] pair = Arrays.copyOf(query, query.length + length);
        System.arraycopy(second, from, pair, query.length, length);
        int last = second.length == 0 ? -1 : second[second.length - 1];
        if (length < second.length - from && tokenizer.isSpecial(last)) {
            pair[pair.length - 1] = last;
        }
        return pair;
    }

    private Relevance embedded(String query, List<String> documents, BooleanSupplier goesOn)
            throws CheckpointException {
        Embedder embedder = Embedder.of(model);
        List<Embedder.Input> inputs = new ArrayList<>();
        inputs.add(embedder.encode(query));
        documents.forEach(document -> inputs.add(embedder.encode(document)));
        float[][] vectors = embedder.embed(inputs, key, goesOn);
        double[] scores = new double[documents.size()];
        for (int i = 0; i < scores.length && vectors[0] != null && vectors[i + 1] != null; i++) {
            scores[i] = Embedder.cosine(vectors[0], vectors[i + 1]);
        }
        return new Relevance(scores, inputs.stream().mapToInt(input -> input.ids().length).sum());
    }
}
