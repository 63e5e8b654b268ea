/// The interpreter of Jinja templates.
module glia.jinja {
    exports glia.jinja;
    exports glia.jinja.value;
}
