/// Specs, blocks and families of language models.
module glia.model {
    requires transitive glia.io;
    requires transitive glia.text;

    exports glia.model;
    exports glia.model.adapter;
    exports glia.model.block;
    exports glia.model.codec;
    exports glia.model.cost;
    exports glia.model.family;
    exports glia.model.fresh;
    exports glia.model.quant;
    exports glia.model.layout;
    exports glia.model.merge;
    exports glia.model.picture;
    exports glia.model.spec;
    exports glia.model.voice;
    exports glia.model.write;
}
