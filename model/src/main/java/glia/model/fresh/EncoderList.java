package glia.model.fresh;

import static glia.model.fresh.FamilyList.ends;
import static glia.model.fresh.FamilyList.heads;
import static glia.model.fresh.FamilyList.sized;

import java.util.List;

/// The sizes of encoders and encoder-decoders that are built like BERT, T5 or BART.
final class EncoderList {
    private static final int PADDING_OF_ROBERTA = 1;

    private EncoderList() { }

    static List<FamilySizes> all() {
        FamilySizes distilbert = ends(sized("distilbert", "DistilBertForMaskedLM", "dim", "n_layers")
                .size("heads", "n_heads", v -> heads(v.get("hidden")))
                .size("mlp", "hidden_dim", v -> 4 * v.get("hidden")), "max_position_embeddings")
                .with("activation", "gelu").with("pad_token_id", 0).with("tie_word_embeddings", true);
        // Its positions begin behind the padding token, so the context is shorter than the table.
        FamilySizes roberta = bert("roberta", "RobertaForMaskedLM").with("layer_norm_eps", 1e-5)
                .with("type_vocab_size", 1).with("pad_token_id", PADDING_OF_ROBERTA)
                .with("max_position_embeddings", v -> v.get("context") + PADDING_OF_ROBERTA + 1);
        return List.of(bert("bert", "BertForMaskedLM"), roberta, distilbert,
                deberta(), bert("electra", "ElectraForMaskedLM").size("embedding-size", "embedding_size",
                        v -> Math.max(1, v.get("hidden") / 2)),
                bert("albert", "AlbertForMaskedLM").size("embedding-size", "embedding_size",
                        v -> Math.max(1, v.get("hidden") / 2)).size("groups", "num_hidden_groups", 1)
                        .with("inner_group_num", 1).with("hidden_act", "gelu_new"),
                t5("t5", "T5ForConditionalGeneration"),
                t5("mt5", "MT5ForConditionalGeneration"), t5("umt5", "UMT5ForConditionalGeneration"), bart());
    }

    private static FamilySizes bert(String type, String architecture) {
        return ends(sized(type, architecture, "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> 4 * v.get("hidden")), "max_position_embeddings")
                .with("hidden_act", "gelu").with("layer_norm_eps", 1e-12).with("type_vocab_size", 2)
                .with("pad_token_id", 0).with("tie_word_embeddings", true);
    }

    private static FamilySizes deberta() {
        return bert("deberta-v2", "DebertaV2ForMaskedLM").with("type_vocab_size", 0).with("layer_norm_eps", 1e-7)
                .with("relative_attention", true).with("position_biased_input", false).with("share_att_key", true)
                .with("norm_rel_ebd", "layer_norm").with("max_relative_positions", -1)
                .size("buckets", "position_buckets", v -> Math.max(2, v.get("context") / 2))
                .with("pos_att_type", List.of("c2p", "p2c"));
    }

    private static FamilySizes t5(String type, String architecture) {
        return ends(sized(type, architecture, "d_model", "num_layers")
                .size("decoder-layers", "num_decoder_layers", v -> v.get("layers"))
                .size("heads", "num_heads", v -> heads(v.get("hidden")))
                .size("head-size", "d_kv", v -> Math.max(2, v.get("hidden") / v.get("heads")))
                .size("mlp", "d_ff", v -> MixerKeys.gatedWidth(v.get("hidden"))), "n_positions")
                .with("feed_forward_proj", "gated-gelu").with("layer_norm_epsilon", 1e-6)
                .with("is_encoder_decoder", true).with("decoder_start_token_id", 0).with("pad_token_id", 0)
                .with("relative_attention_num_buckets", 32).with("relative_attention_max_distance", 128)
                .with("tie_word_embeddings", true);
    }

    private static FamilySizes bart() {
        return ends(sized("bart", "BartForConditionalGeneration", "d_model", "encoder_layers")
                .size("decoder-layers", "decoder_layers", v -> v.get("layers"))
                .size("heads", "encoder_attention_heads", v -> heads(v.get("hidden")))
                .size("decoder-heads", "decoder_attention_heads", v -> v.get("heads"))
                .size("mlp", "encoder_ffn_dim", v -> 4 * v.get("hidden"))
                .size("decoder-mlp", "decoder_ffn_dim", v -> v.get("mlp")), "max_position_embeddings")
                .with("activation_function", "gelu").with("scale_embedding", false).with("is_encoder_decoder", true)
                .with("decoder_start_token_id", 2).with("pad_token_id", 1).with("tie_word_embeddings", true);
    }
}
