/// Tokenizers and chat templates.
@SuppressWarnings("requires-automatic")
module glia.text {
    requires transitive glia.io;
    requires transitive glia.jinja;
    requires ai.djl.tokenizers;

    exports glia.text.template;
    exports glia.text.thinking;
    exports glia.text.tool;
    exports glia.text.tokenizer;
}
