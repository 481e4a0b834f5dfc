"""How pages write days and times, language by language: FORMAT_MODULE_PATH names this folder.

Django's own formats differ more than readers expect ("Nov. 21, 2026, 11:06 p.m."). These are short, have 24 hours and
begin the week on Monday, in the administration and in templates that name no format alike.
"""
