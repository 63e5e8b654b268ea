package glia.integrations.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import glia.integrations.SmolLm2;
import glia.io.CheckpointException;
import java.util.List;

/// LangChain4j's own tests of embedding models.
class LangChainEmbeddingModelTest extends AbstractEmbeddingModelIT {
    @Override
    protected List<EmbeddingModel> models() {
        try {
            return List.of(GliaEmbeddingModel.of(SmolLm2.model()));
        } catch (CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
        return models().getFirst().addListener(listener);
    }

    @Override
    protected boolean supportsInputTypeParameter() {
        return false;
    }

    @Override
    protected boolean supportsDimensionsParameter() {
        return false;
    }

    @Override
    protected boolean supportsImageInput() {
        return false;
    }

    @Override
    protected boolean supportsInterleavedInput() {
        return false;
    }
}
