/// Specs, blocks and families of language models.
module glia.model {
    requires transitive glia.io;
    requires transitive glia.text;

}
