package glia.integrations.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.DimensionAwareEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import java.util.ArrayList;
import java.util.List;

/// A model of the engine, in the same process, as LangChain4j's embedding model. For any threads.
public final class GliaEmbeddingModel extends DimensionAwareEmbeddingModel {
    private final LanguageModel model;
    private final Embedder embeddings;

    private GliaEmbeddingModel(LanguageModel model, Embedder embeddings) {
        this.model = model;
        this.embeddings = embeddings;
    }

    /// An embedding model with the pooling and the prompts that the model's files name. The caller closes `model`.
    ///
    /// @throws CheckpointException if those files cannot be used
    public static GliaEmbeddingModel of(LanguageModel model) throws CheckpointException {
        return new GliaEmbeddingModel(model, Embedder.of(model));
    }

    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        List<Embedder.Input> inputs = segments.stream().map(segment -> embeddings.encode(segment.text())).toList();
        int tokens = inputs.stream().mapToInt(input -> input.ids().length).sum();
        List<Embedding> vectors = new ArrayList<>();
        for (float[] vector : embeddings.embed(inputs, "", () -> true)) {
            vectors.add(Embedding.from(vector));
        }
        return Response.from(vectors, new TokenUsage(tokens));
    }

    @Override
    protected Integer knownDimension() {
        return model.model().spec().hiddenSize();
    }
}
