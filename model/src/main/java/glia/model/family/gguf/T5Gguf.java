package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.CrossAttention;
import glia.model.spec.Encoder;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RelativeAttention;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;

/// T5 in GGUF files: the stacks have the prefixes `enc.` and `dec.`, and only the first layer of a stack has the
/// relative position table. GGUF has no key for the maximum distance, which is 128 in all published models.
public record T5Gguf() implements WrittenGguf {
    private static final List<GgufKey> KEYS = List.of(StandardGguf.VOCAB_SIZE,
            GgufKey.count("embedding_length", "d_model", facts -> facts.spec().hiddenSize()),
            GgufKey.count("feed_forward_length", "d_ff", GgufFacts::width),
            GgufKey.count("block_count", "num_layers", facts -> encoder(facts).sublayers().getLast().layer() + 1),
            GgufKey.optional("decoder_block_count", "num_decoder_layers",
                    facts -> Optional.of(facts.spec().numLayers())),
            size("attention.head_count", "num_heads", RelativeAttention::numHeads),
            size("attention.key_length", "d_kv", RelativeAttention::headSize),
            GgufKey.written("attention.value_length", facts -> Optional.of(attention(facts).headSize())),
            GgufKey.count("context_length", "n_positions", facts -> facts.spec().contextLength()),
            size("attention.relative_buckets_count", "relative_attention_num_buckets", a -> a.buckets().numBuckets()),
            GgufKey.real("attention.layer_norm_rms_epsilon", "layer_norm_epsilon", GgufFacts::epsilon),
            GgufKey.written("attention.layer_norm_epsilon", GgufFacts::epsilon),
            GgufKey.optional("decoder_start_token_id", "decoder_start_token_id",
                    facts -> Optional.of(encoder(facts).startToken())));

    private static GgufKey size(String key, String name, ToIntFunction<RelativeAttention> size) {
        return GgufKey.count(key, name, facts -> size.applyAsInt(attention(facts)));
    }

    private static RelativeAttention attention(GgufFacts facts) {
        return facts.first(RelativeAttention.class).orElseThrow();
    }

    private static Encoder encoder(GgufFacts facts) {
        return facts.spec().encoder().orElseThrow();
    }

    @Override
    public String architecture() {
        return "t5";
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        boolean gated = checkpoint.names().contains("enc.blk.0.ffn_gate.weight");
        boolean shares = !checkpoint.names().contains("enc.blk.1.attn_rel_b.weight");
        return new GgufKeys(metadata, architecture(), shares ? "t5" : "umt5").copy(KEYS)
                .put("feed_forward_proj", gated ? "gated-gelu" : "relu")
                .vocabulary(checkpoint).config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return new Source.Stored((p.sublayer() < 0 ? switch (p.role()) {
            case EMBEDDING -> "token_embd";
            case FINAL_WEIGHT -> "dec.output_norm";
            case ENCODER_FINAL_WEIGHT -> "enc.output_norm";
            case HEAD -> "output";
            default -> throw StandardNames.unknown(p);
        } : inLayer(spec, p)) + ".weight");
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        boolean decodes = p.sublayer() < spec.sublayers().size();
        String layer = (decodes ? "dec.blk." : "enc.blk.") + spec.sublayer(p).layer() + ".";
        String attention = layer + (spec.mixer(p.place()) instanceof CrossAttention ? "cross_attn_" : "attn_");
        boolean attends = spec.mixer(p.place()) instanceof RelativeAttention
                || spec.mixer(p.place()) instanceof CrossAttention;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> attends ? attention + "norm" : layer + "ffn_norm";
            case QUERY -> attention + "q";
            case KEY -> attention + "k";
            case VALUE -> attention + "v";
            case OUTPUT -> attention + "o";
            case DISTANCES -> attention + "rel_b";
            case GATE -> layer + "ffn_gate";
            case UP -> layer + "ffn_up";
            case DOWN -> layer + "ffn_down";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Unused biases of the first files.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.endsWith(".cross_attn_rel_b.weight");
    }
}
