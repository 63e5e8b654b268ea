/// Checkpoints: safetensors, GGUF, config.json and the hub.
@SuppressWarnings("requires-automatic")
module glia.io {
    requires transitive glia.tensor;
    requires transitive tools.jackson.databind;
    requires dev.hardwood.core;
    requires concentus;
    requires java.desktop;
    requires java.logging;
    requires java.net.http;
    requires jflac.codec;
    requires jlayer;
    requires jorbis;
    requires org.snakeyaml.engine;

    exports glia.io;
    exports glia.io.file;
    exports glia.io.gguf;
    exports glia.io.load;
    exports glia.io.packed;
    exports glia.io.picture;
    exports glia.io.pytorch;
    exports glia.io.safetensors;
    exports glia.io.sound;
    exports glia.io.web;
    exports glia.io.hub;
    exports glia.io.json;
    exports glia.io.jsonl;
    exports glia.io.yaml;
}
