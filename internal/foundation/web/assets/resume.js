// Goes on by itself to the form that was being sent when the session ended.
document.querySelector("form[data-resume]")?.requestSubmit();
