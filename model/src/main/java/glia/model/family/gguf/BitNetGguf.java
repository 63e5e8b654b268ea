package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Map;

/// BitNet in GGUF files. The architecture says which activation the MLP has: SiLU in llama.cpp's `bitnet` (BitNet b1.58
/// of 1bitLLM), squared ReLU in bitnet.cpp's `bitnet-b1.58` and `bitnet-25` (BitNet b1.58 2B4T).
///
/// @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/models/bitnet.cpp">llama.cpp: `bitnet.cpp`</a>
public record BitNetGguf() implements WrittenGguf {
    private static final String SILU = "bitnet";
    private static final String SQUARED_RELU = "bitnet-b1.58";
    private static final StandardGguf BODY = body(SILU);

    private static StandardGguf body(String architecture) {
        return new StandardGguf(architecture, "bitnet", StandardGguf.Rotation.HALF_SPLIT);
    }

    @Override
    public List<GgufKey> keys() {
        return BODY.keys();
    }

    @Override
    public String architecture() {
        return SILU;
    }

    @Override
    public List<String> architectures() {
        return List.of(SILU, SQUARED_RELU, "bitnet-25");
    }

    @Override
    public String architecture(ModelSpec spec) {
        return new GgufFacts(spec).first(GatedMlp.class).filter(m -> m.activation() == Activation.SILU).isPresent()
                ? SILU : SQUARED_RELU;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        String architecture = GgufKeys.architecture(metadata);
        return body(architecture).keys(metadata, checkpoint)
                .put("hidden_act", architecture.equals(SILU) ? "silu" : "relu2").config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BODY.source(spec, p);
    }
}
