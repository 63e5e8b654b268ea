package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.CrossAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RelativeAttention;
import java.util.Map;

/// T5 in GGUF files: the layers of the two stacks begin with `enc.` and `dec.`, and only the first of a stack has the
/// table of distances. How far distances are told apart is not said; it is 128 in all that were published.
record T5Gguf() implements GgufForm {
    @Override
    public String architecture() {
        return "t5";
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        boolean gated = checkpoint.names().contains("enc.blk.0.ffn_gate.weight");
        return new GgufKeys(metadata, architecture(), "t5").integer("embedding_length", "d_model")
                .integer("feed_forward_length", "d_ff").integer("block_count", "num_layers")
                .optional("decoder_block_count", "num_decoder_layers").integer("attention.head_count", "num_heads")
                .integer("attention.key_length", "d_kv").integer("context_length", "n_positions")
                .integer("attention.relative_buckets_count", "relative_attention_num_buckets")
                .real("attention.layer_norm_rms_epsilon", "layer_norm_epsilon")
                .optional("decoder_start_token_id", "decoder_start_token_id")
                .put("feed_forward_proj", gated ? "gated-gelu" : "relu")
                .put("vocab_size", StandardGguf.vocabSize(checkpoint))
                .put("tie_word_embeddings", !checkpoint.names().contains("output.weight")).config();
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
            default -> throw Standard.unknown(p);
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
            default -> throw Standard.unknown(p);
        };
    }

    /// Biases that the first files have and no model uses.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.endsWith(".cross_attn_rel_b.weight");
    }
}
