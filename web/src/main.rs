//! Starts the page.

fn main() {
    vws_web::run();
}
