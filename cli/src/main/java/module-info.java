/// The `glia` command.
@SuppressWarnings("requires-automatic")
module glia.cli {
    requires glia.engine;
    requires info.picocli;
    requires org.jline;
}
