package dev.penstock.cli;

/** For whom a command writes. */
enum Output {
    TABLE,
    JSON;

    /** As it is typed. */
    @Override
    public String toString() {
        return this == TABLE ? "table" : "json";
    }
}
